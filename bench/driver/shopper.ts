import { randomUUID } from 'node:crypto'
import type { HttpClient, Reply } from '@sidecart/client/http-client.ts'
import { createRandom } from '@sidecart/client/random.ts'
import type { Customer } from '@sidecart/verify/chaos/customer.ts'
import type { Stage } from '@sidecart/verify/chaos/fixtures.ts'
import type { JournalLine } from '@sidecart/verify/invariants/client-journal.ts'
import { Pool } from 'undici'
import { createLatency } from '../latency.ts'
import { openLoop } from './pace.ts'
import type { Drive, Driven, Probe } from './protocol.ts'

const shipTo = {
  name: 'Bea Bench',
  street: 'RateSearch Street 1',
  postalCode: '20457',
  city: 'Hamburg',
  country: 'DE',
}
/** Each order is preceded by three requests for products. */
const requestsPerOrder = 4
const probesPerSecond = 25

export type Shopping = {
  gateway: HttpClient
  stage: Stage
  record(line: JournalLine): void
  /** Whether orders carry a `cartId`, so that the same lines may be ordered again at once. */
  namesPurchases: boolean
}

/** Sends requests at a constant rate: three for products, one order of two lines, and so on. */
export function createShopping({ gateway, stage, record, namesPurchases }: Shopping) {
  const random = createRandom(6)
  const { customers, skus } = stage

  async function drive({ ordersPerSecond, seconds, probes = [] }: Drive): Promise<Driven> {
    const [accept, browse] = [createLatency(), createLatency()]
    const accepted: Driven['accepted'] = []
    const failures: Driven['failures'] = {}
    const lines: JournalLine[] = []
    const cpu = process.cpuUsage()
    const fail = (why: string) => {
      failures[why] = (failures[why] ?? 0) + 1
    }

    async function look(intended: number): Promise<void> {
      const path = `/products/${random.pick(skus)}`
      const reply = await gateway.ask({ method: 'GET', path }).catch(() => undefined)
      if (reply?.status === 200) browse.record(performance.now() - intended)
      else fail(`product ${reply?.status ?? 'unanswered'}`)
    }

    async function order(intended: number): Promise<void> {
      const customer = random.pick(customers)
      const key = randomUUID()
      const wanted = twoOf(skus)
      const reply = await placed(customer, key, {
        lines: wanted,
        ...(namesPurchases && { cartId: key }),
      })
      const who = { customerId: customer.customerId, key }
      lines.push({ is: 'asked', ...who, lines: wanted })
      if (reply?.status !== 202) {
        const why = String(reply?.status ?? 'unanswered')
        lines.push({ is: 'answered', ...who, outcome: 'unknown', why })
        return fail(`order ${why}`)
      }
      accept.record(performance.now() - intended)
      const orderId = String(reply.body.orderId)
      accepted.push([orderId, performance.timeOrigin + intended])
      const answer = `${reply.location} ${reply.text}`
      lines.push({ is: 'answered', ...who, outcome: 'accepted', orderId, response: answer })
    }

    const probing = createProbing(probes)
    const [lateMs, probed] = await Promise.all([
      openLoop(ordersPerSecond * requestsPerOrder, seconds, (index, intended) =>
        (index + 1) % requestsPerOrder === 0 ? order(intended) : look(intended),
      ),
      probing(seconds),
    ])
    const { user, system } = process.cpuUsage(cpu)
    for (const line of lines) record(line)
    return {
      attempted: Math.floor(Math.round(ordersPerSecond * requestsPerOrder * seconds) / 4),
      failures,
      accepted,
      accept: accept.encoded(),
      browse: browse.encoded(),
      probes: probed,
      lateMs,
      driverCpuMs: (user + system) / 1000,
      seconds,
    }
  }

  function twoOf(from: readonly string[]) {
    const first = random.int(0, from.length - 1)
    const second = (first + random.int(1, from.length - 1)) % from.length
    return [first, second].map((index) => ({ sku: from[index] ?? '', quantity: random.int(1, 2) }))
  }
  return { drive }
}

function placed(customer: Customer, key: string, wanted: object): Promise<Reply | undefined> {
  const body = { ...wanted, shipTo, card: 'card_approved' }
  const headers = { 'idempotency-key': key }
  return customer.ask({ method: 'POST', path: '/orders', body, headers }).catch(() => undefined)
}

/** Sends each probe at a constant rate and returns encoded latencies by probe name. */
function createProbing(probes: readonly Probe[]) {
  return async (seconds: number): Promise<Record<string, string>> => {
    const all = probes.map(async ({ name, url, headers }) => {
      const { origin, pathname } = new URL(url)
      const pool = new Pool(origin, { pipelining: 1 })
      const latency = createLatency()
      await openLoop(probesPerSecond, seconds, async () => {
        const sent = performance.now()
        const answer = await pool.request({ method: 'GET', path: pathname, headers })
        await answer.body.dump()
        if (answer.statusCode === 200) latency.record(performance.now() - sent)
      })
      await pool.close()
      return [name, latency.encoded()] as const
    })
    return Object.fromEntries(await Promise.all(all))
  }
}
