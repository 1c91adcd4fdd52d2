import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { openHttpClient } from '@sidecart/client/http-client.ts'
import type { Progress } from '@sidecart/platform/process/terminal.ts'
import { type Stage, setStage } from '@sidecart/verify/chaos/fixtures.ts'
import { verify } from '@sidecart/verify/invariants/verify.ts'
import { openLoop } from '../driver/pace.ts'
import { createLatency, percentiles } from '../latency.ts'
import { openOrderCounts } from './order-counts.ts'
import { watchProcesses } from './processes.ts'
import { measured, rounded } from './shop.ts'

/* Measures the shop at three times its capacity. Raises the rate until completions no longer
   increase (the peak), then sends a multiple of the peak, then half of the peak until response
   times are normal again. */
const { values: given } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    times: { type: 'string', default: '3' },
    from: { type: 'string', default: '40' },
  },
})
const stepSeconds = 10
/** Warm-up, not counted: the rate of completions is not yet constant. */
const warmSeconds = 3
const stepFactor = 1.4
const leastGoodput = 0.8
const mostRecoverySeconds = 30
/** Longest response time of an order accepted as usual. */
const usualMs = 500
const stageOptions = { orders: 50_000, customers: 8, mailed: 1, plentiful: 14, scarce: 0 }

await measured(async (project, progress) => {
  const shop = await connectionInfo()
  const gateway = openHttpClient(shop.gateway)
  const orders = await openOrderCounts(shop.databases.orders)
  const stage = await setStage(gateway, shop.signingKeys, stageOptions, shop.inbox)
  const processes = await watchProcesses(project)
  const load = { orders, progress, buy: buying(stage) }

  const steps = await untilSaturated(load, Number(given.from))
  const peakPerSecond = Math.max(...steps.map(({ completedPerSecond }) => completedPerSecond))
  const overload = await phase(load, peakPerSecond * Number(given.times), Number(given.seconds))
  const recoverySeconds = await recovery(load, peakPerSecond / 2)
  await orders.quiet()
  const { checks } = await verify(shop, { graceSeconds: 60, all: true })
  const violations = checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`)
  const { restarts, largest } = await processes.end()
  await Promise.all([gateway.close(), orders.close()])

  const goodput = rounded(overload.completedPerSecond / peakPerSecond, 3)
  const isRight = violations.length === 0 && restarts === 0 && overload.failed === 0
  const isQuick = goodput >= leastGoodput && recoverySeconds <= mostRecoverySeconds
  const result = { peakPerSecond, goodput, recoverySeconds, restarts, largest, violations }
  return { ok: isRight && isQuick, ...result, steps, overload }
})

type Outcome = 'accepted' | 'shed' | 'failed'
type Buy = () => Promise<Outcome>
type Load = { orders: Awaited<ReturnType<typeof openOrderCounts>>; progress: Progress; buy: Buy }
type Phase = Awaited<ReturnType<typeof phase>>

/** Raises the rate until two consecutive steps send more orders than the shop completes. */
async function untilSaturated(load: Load, from: number): Promise<Phase[]> {
  await phase(load, from / 2, stepSeconds)
  const steps: Phase[] = []
  const isBehind = (one: Phase) => one.completedPerSecond < 0.9 * one.perSecond
  for (let rate = from; steps.slice(-2).filter(isBehind).length < 2; rate *= stepFactor) {
    steps.push(await phase(load, rate, stepSeconds))
    await load.orders.quiet()
  }
  return steps
}

/**
 * Sends orders at a constant rate. Counts the orders completed after the warm-up, whenever they
 * were accepted.
 */
async function phase({ orders, progress, buy }: Load, perSecond: number, forSeconds: number) {
  const count = { accepted: 0, shed: 0, failed: 0 }
  const took = { accepted: createLatency(), shed: createLatency(), failed: createLatency() }
  const warm = new Date(Date.now() + warmSeconds * 1000)
  const lateMs = await openLoop(perSecond, forSeconds, async (_, intended) => {
    const outcome = await buy()
    count[outcome] += 1
    took[outcome].record(performance.now() - intended)
  })
  const completed = await orders.completedSince(warm, forSeconds - warmSeconds)
  const [acceptMs, shedMs] = [took.accepted, took.shed].map((one) => percentiles([one.encoded()]))
  const answered = { ...count, acceptMs, shedMs, lateMs: Math.round(lateMs) }
  const result = { perSecond: rounded(perSecond), forSeconds, ...completed, ...answered }
  progress.line(JSON.stringify(result))
  return result
}

/** Returns the seconds until every order of one second is accepted as usual. */
async function recovery({ buy }: Load, perSecond: number): Promise<number> {
  for (let second = 1; second <= mostRecoverySeconds; second += 1) {
    let unusual = 0
    await openLoop(perSecond, 1, async (_, intended) => {
      if ((await buy()) !== 'accepted' || performance.now() - intended > usualMs) unusual += 1
    })
    if (unusual === 0) return second
  }
  return Number.POSITIVE_INFINITY
}

/** Returns a function placing an order for one plentiful product by the next customer. */
function buying({ customers, skus }: Stage): Buy {
  const shipTo = { name: 'B', street: 'B 1', postalCode: '20457', city: 'Hamburg', country: 'DE' }
  let n = 0
  return async function buy() {
    n += 1
    const lines = [{ sku: skus[n % skus.length], quantity: 1 }]
    const asked = customers[n % customers.length]?.ask({
      method: 'POST',
      path: '/orders',
      body: { lines, shipTo, card: 'card_approved', cartId: String(n) },
      headers: { 'idempotency-key': randomUUID() },
    })
    const reply = await asked?.catch(() => undefined)
    if (reply?.status === 202) return 'accepted'
    return reply?.status === 503 && reply.retryAfterMs > 0 ? 'shed' : 'failed'
  }
}
