import { euro, type Money } from '@sidecart/chassis/contract/money.ts'
import { Fault } from '@sidecart/chassis/core/errors.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ChargeOutcome, RefundOutcome } from './contract.ts'
import type { Change, Payment } from './domain.ts'
import { createPaymentService } from './payment-service.ts'
import type { PaymentRepository, Provider } from './ports.ts'
import { createCharges, type Effect } from './sandbox/charges.ts'

const orderId = '019a0c6e-5b7e-7c31-9d2a-3f1f0a6b7c11'
const customerId = '019a0c6e-5b7e-7c31-9d2a-000000000003'

/** Fate of a request to the provider: done, lost on the way, or done with a lost response. */
type Fate = 'done' | 'lost' | 'answer-lost'

test('whatever is asked at once and whatever is lost, the money is taken once, given back once, and the invariants hold', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom('charge', 'refund'), { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.constantFrom<Fate>('done', 'done', 'lost', 'answer-lost')),
      fc.constantFrom('card_approved', 'card_declined', 'card_retry'),
      async (scheduler, asks, fates, card) => {
        const world = createWorld(scheduler, () => fates.next().value as Fate)
        const asked = { customerId, amount: euro(1490), card }
        const charge = () => world.paymentService.charge(orderId, asked)
        const refund = () => world.paymentService.refund(orderId, 'why')
        const inquiries = asks.map((ask) =>
          unlessFault<ChargeOutcome | RefundOutcome>(ask === 'charge' ? charge : refund),
        )
        const answers = await scheduler.waitFor(Promise.all(inquiries))
        expect(world.count('captured')).toBeLessThanOrEqual(1)

        world.calm()
        const after = await scheduler.waitFor(untilKnown(charge))
        if (answers.some((answer, n) => answer && asks[n] === 'refund'))
          expect(after.outcome).toBe('declined')
        const before = world.count('captured') + world.count('declined')
        const outcome = await scheduler.waitFor(untilKnown(refund))
        const late = await scheduler.waitFor(untilKnown(charge))

        expect(world.count('captured') + world.count('declined')).toBe(before)
        expect(world.count('refunded')).toBe(world.count('captured'))
        expect(late).toMatchObject({ outcome: 'declined' })
        expect(outcome.outcome).toBe(world.count('captured') ? 'refunded' : 'nothing-to-refund')
        expect(world.movements()).toEqual(world.count('captured') ? ['charge', 'refund'] : [])
        expect(world.versions()).toEqual([1, 2].slice(0, world.versions().length))
      },
    ),
    { numRuns: 300 },
  )
})

test('in parts, in full and at the provider itself, at once and with losses: what went back is what was taken, and in the ledger', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom('charge', 'refund', 'part 1', 'part 2', 'reconcile', 'elsewhere'), {
        minLength: 2,
        maxLength: 8,
      }),
      fc.infiniteStream(fc.constantFrom<Fate>('done', 'done', 'lost', 'answer-lost')),
      async (scheduler, asks, fates) => {
        const world = createWorld(scheduler, () => fates.next().value as Fate)
        const asked = { customerId, amount: euro(1490), card: 'card_approved' }
        const charge = () => world.paymentService.charge(orderId, asked)
        const part = (n: string) => () =>
          world.paymentService.refundPart(orderId, {
            id: `019a0c6e-5b7e-7c31-9d2a-00000000ff0${n}`,
            amount: euro(n === '1' ? 490 : 800),
            reason: 'a scratch',
          })
        const ways: Record<string, () => Promise<unknown>> = {
          charge,
          refund: () => world.paymentService.refund(orderId, 'why'),
          'part 1': part('1'),
          'part 2': part('2'),
          reconcile: () => world.paymentService.reconcile(orderId),
          elsewhere: () => world.refundElsewhere(orderId, 300),
        }
        await scheduler.waitFor(unlessFault(charge))
        await scheduler.waitFor(Promise.all(asks.map((ask) => unlessFault(ways[ask] ?? charge))))

        world.calm()
        await scheduler.waitFor(untilKnown(charge))
        await scheduler.waitFor(untilKnown(async () => (await ways.reconcile?.()) ?? 'done'))
        expect(world.returnedInLedger()).toBe(world.returned())
        expect(world.returned()).toBeLessThanOrEqual(world.captured())

        await scheduler.waitFor(untilKnown(ways.refund as () => Promise<RefundOutcome>))
        expect(world.returned()).toBe(world.captured())
        expect(world.returnedInLedger()).toBe(world.captured())
        expect(world.totals()).toEqual(world.totals().toSorted((a, b) => a - b))
      },
    ),
    { numRuns: 500 },
  )
})

test('a refund that came first keeps a late charge from the provider', async () => {
  const world = createWorld(undefined, () => 'done')
  await world.paymentService.refund(orderId, 'took-too-long')
  const asked = { customerId, amount: euro(1490), card: 'card_approved' }
  expect(await world.paymentService.charge(orderId, asked)).toEqual({
    outcome: 'declined',
    code: 'voided',
  })
  expect(world.count('captured')).toBe(0)
})

function createWorld(scheduler: fc.Scheduler | undefined, nextFate: () => Fate) {
  const charges = createCharges()
  const effects: Effect[] = []
  const changes: Change[] = []
  let stored: Payment | undefined
  let fate = nextFate
  let ids = 0

  /** Lets the scheduler choose the next step. */
  const later = async <T>(label: string, happen: () => T): Promise<T> => {
    await scheduler?.schedule(Promise.resolve(), label)
    return happen()
  }
  async function request(label: string, decide: () => Effect): Promise<string> {
    const going = fate()
    const effect = await later(label, () => {
      if (going === 'lost') return undefined
      const effect = decide()
      charges.apply(effect)
      effects.push(effect)
      return effect
    })
    if (effect?.effect === 'failed' && effect.code === 'more-than-captured') {
      if (going !== 'answer-lost') return effect.code
    }
    const failed = effect === undefined || effect.effect === 'failed' || going === 'answer-lost'
    await later(`answer to ${label}`, () => {})
    if (failed) throw new Fault('provider-unavailable', label)
    return 'done'
  }

  const provider: Provider = {
    async charge(key, { amount, card, reference }) {
      const body = { ...amount, card, reference }
      await request('charge', () => charges.charge(key, body, `ch_${++ids}`))
      const charge = charges.chargeOf(key)
      if (!charge) throw new Error('the provider forgot a charge')
      return charge.declineCode
        ? { outcome: 'declined', code: charge.declineCode }
        : { outcome: 'captured', reference: charge.id }
    },
    async refund(key, { charge, amount, ourId }) {
      const body = { charge, amount: amount.amount, reference: ourId }
      const asked = await request('refund', () => charges.refund(key, body, `re_${++ids}`))
      if (asked === 'more-than-captured') return { outcome: asked }
      return { outcome: 'refunded', reference: charges.refundOf(key)?.id ?? '' }
    },
    refundsOf: (charge) =>
      later('refunds of', () =>
        charges.refundsOf(charge).map(({ id, amount, reference }) => ({
          reference: id,
          amount: euro(amount),
          ourId: reference,
        })),
      ),
  }
  const store: PaymentRepository = {
    open: (first) => later('open', () => (stored ??= first)),
    current: () => later('read', () => stored),
    save: (change) =>
      later('save', () => {
        const { status, version } = change.from
        if (stored?.status !== status || stored.version !== version) return stored as Payment
        changes.push(change)
        stored = change.payment
        return stored
      }),
    find: async () => undefined,
  }
  const newId = () => `019a0c6e-5b7e-7c31-9d2a-${String(++ids).padStart(12, '0')}`
  return {
    paymentService: createPaymentService({ payments: store, provider, newId }),
    count: (kind: Effect['effect']) => effects.filter(({ effect }) => effect === kind).length,
    captured: () => sum(effects.flatMap((one) => (one.effect === 'captured' ? one.amount : 0))),
    returned: () => sum(effects.flatMap((one) => (one.effect === 'refunded' ? one.amount : 0))),
    returnedInLedger: () =>
      sum(
        changes.map(({ movement }) =>
          movement?.kind === 'refund' ? (movement.postings[0]?.amount.amount ?? 0) : 0,
        ),
      ),
    totals: () =>
      changes.flatMap(({ events }) =>
        events.flatMap(
          ({ data }) => (data as { refundedTotal?: Money }).refundedTotal?.amount ?? [],
        ),
      ),
    /** Refunds at the provider, not through this service. */
    refundElsewhere: (of: string, amount: number) =>
      later('elsewhere', () => {
        const charge = charges.chargeOf(of)?.id
        if (!charge) return
        const effect = charges.refund(`elsewhere-${++ids}`, { charge, amount }, `re_${++ids}`)
        charges.apply(effect)
        effects.push(effect)
      }),
    movements: () => changes.flatMap(({ movement }) => movement?.kind ?? []),
    versions: () =>
      changes.flatMap(({ events }) =>
        events.map(({ data }) => (data as { version: number }).version),
      ),
    calm: () => {
      fate = () => 'done'
    },
  }
}

const sum = (amounts: readonly number[]): number => amounts.reduce((total, one) => total + one, 0)

async function unlessFault<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}

async function untilKnown<T>(ask: () => Promise<T>): Promise<T> {
  for (let n = 0; n < 10; n++) {
    const answer = await unlessFault(ask)
    if (answer !== undefined) return answer
  }
  throw new Error('not known after ten times')
}
