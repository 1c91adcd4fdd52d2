import type { Snapshot } from './snapshot.ts'

/**
 * Returns the snapshot without orders changed in the last `graceSeconds` (and their rows) and
 * without events published since. The remaining rows have had time to become consistent.
 */
export function withoutInFlight(world: Snapshot, graceSeconds: number): Snapshot {
  const moving = world.orders.filter(({ idleSeconds }) => idleSeconds < graceSeconds)
  if (moving.length === 0 && world.users.every(({ idleSeconds }) => idleSeconds >= graceSeconds))
    return { ...world, ...aged(world, graceSeconds) }
  const ids = new Set(moving.map(({ id }) => id))
  const keys = new Set(moving.map(nameOf))
  const rests = ({ orderId }: { orderId: string }) => !ids.has(orderId)
  const isKnown = (one: { customerId: string; key: string }) => !keys.has(nameOf(one))
  const orderOfCharge = new Map(
    world.provider.flatMap((line) =>
      line.effect === 'captured' ? [[line.charge, line.reference]] : [],
    ),
  )
  return {
    ...world,
    orders: world.orders.filter(({ id }) => !ids.has(id)),
    history: world.history.filter(rests),
    moves: world.moves.filter(rests),
    reservations: world.reservations.filter(rests),
    payments: world.payments.filter(rests),
    ledger: world.ledger.filter(rests),
    provider: world.provider.filter((line) => {
      if (line.effect === 'captured') return !ids.has(line.reference)
      return line.effect !== 'refunded' || !ids.has(orderOfCharge.get(line.charge) ?? '')
    }),
    mails: world.mails.filter(rests),
    notices: world.notices.filter(rests),
    users: world.users.filter(({ idleSeconds }) => idleSeconds >= graceSeconds),
    // an event id does not name an order
    inboxes: [],
    ...aged(world, graceSeconds),
    record: {
      ...world.record,
      asked: world.record.asked.filter(isKnown),
      answers: world.record.answers.filter(isKnown),
    },
  }
}

const nameOf = ({ customerId, key }: { customerId: string; key: string }) => `${customerId} ${key}`

const aged = (
  { outboxes, deadLetters }: Snapshot,
  graceSeconds: number,
): Pick<Snapshot, 'outboxes' | 'deadLetters'> => ({
  outboxes: outboxes.filter(({ oldestSeconds }) => oldestSeconds >= graceSeconds),
  deadLetters: deadLetters.filter(
    ({ triedAgain, ageSeconds }) => !triedAgain || ageSeconds >= graceSeconds,
  ),
})
