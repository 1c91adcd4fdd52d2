import { describe, expect, it } from 'vitest'
import { runChecks } from './checks.ts'
import { withoutInFlight } from './in-flight.ts'
import type { Snapshot } from './snapshot.ts'
import { letter, one, sound } from './testing.ts'

const grace = 30
const red = (world: Snapshot): string[] =>
  runChecks(withoutInFlight(world, grace))
    .filter(({ ok }) => !ok)
    .map(({ name }) => name)

/** A shop shortly after order one was charged: not yet confirmed, with events in flight. */
function under(idleSeconds: number): Snapshot {
  const world = sound()
  for (const order of world.orders)
    if (order.id === one) Object.assign(order, { status: 'reserved', idleSeconds, version: 2 })
  world.history = world.history.filter(({ orderId, version }) => orderId !== one || version <= 2)
  world.notices = world.notices.filter(({ orderId }) => orderId !== one)
  world.reservations = world.reservations.map((reservation) =>
    reservation.orderId === one ? { ...reservation, status: 'reserved' } : reservation,
  )
  world.moves = world.moves.filter(({ orderId, kind }) => orderId !== one || kind === 'reserved')
  for (const row of [...world.stock, ...world.movements, ...world.promised])
    Object.assign(row, { reserved: 2, sold: 0 })
  world.deadLetters.push({ ...letter('retry'), triedAgain: true, ageSeconds: idleSeconds })
  world.outboxes = [{ service: 'orders', depth: 3, oldestSeconds: idleSeconds }]
  return world
}

describe('while a shop is open', () => {
  it('what moved a moment ago is no fault', () => {
    expect(red(under(grace - 1))).toEqual([])
  })

  it('what has stood still for too long is', () => {
    const late = red(under(grace + 1))
    for (const name of [
      'orders-terminal',
      // notifications: optional
      'events-processed',
      // /notifications
      'outboxes-empty',
      'dead-letters-expected',
    ])
      expect(late).toContain(name)
  })

  it('the rest is judged as ever', () => {
    const world = under(1)
    world.provider.pop()
    expect(red(world)).toEqual(['undone-orders-net-zero', 'provider-agrees'])
  })
})
