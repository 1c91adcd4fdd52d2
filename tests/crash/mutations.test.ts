import { join } from 'node:path'
import { until } from '@sidecart/testing/until.ts'
import { rests } from '@sidecart/verify/invariants/check.ts'
import { runChecks } from '@sidecart/verify/invariants/checks.ts'
import pg from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { contend } from './contention.ts'
import { patch } from './copy.ts'
import { invariantsHold } from './invariants.ts'
import { type Mutation, mutations } from './mutations.ts'
import { type CrashShop, startCrashShop } from './shop.ts'
import { newcomer, type Shopping, signIn } from './shoppers.ts'

let shop: CrashShop
let shopping: Shopping

beforeAll(async () => {
  shop = await startCrashShop()
  shopping = { ...shop, operator: await signIn(shop.demoOperator), customer: await newcomer() }
  shop.note({ is: 'customer', customerId: shopping.customer.customerId })
})
afterAll(async () => {
  await shop.stop()
})

it('with every safeguard on, no invariant is violated', async () => {
  const crashes = mutations.flatMap(({ crash }) => (crash ? `${crash}@1` : []))
  await shop.crashAt(crashes)
  const allCrashed = () => crashes.every((pass) => shop.crashed().includes(pass))
  while (!allCrashed()) {
    await contend(shopping)
    await until('all have crashed', allCrashed, 3_000).catch(() => {})
  }
  await shop.calm()
  await invariantsHold(shop)
}, 180_000)

describe('the invariants show when a safeguard is off', () => {
  it.each(mutations)(
    '$safeguard',
    async (sabotage) => {
      await until('no order is under way', allRest, 60_000, 200)
      const known = new Set(await findings())
      const mend = await switchOff(sabotage)
      try {
        await contend(shopping)
        await caught(sabotage, known)
      } finally {
        await mend()
      }
    },
    240_000,
  )
})

/** Waits until the checks report a new, lasting finding of the expected kind. */
async function caught({ finding, staysMs }: Mutation, known: ReadonlySet<string>) {
  const since = new Map<string, number>()
  let news: string[] = []
  const stays = async () => {
    news = (await findings()).filter((one) => !known.has(one))
    const found = news.filter((one) => finding.test(one))
    for (const one of since.keys()) if (!found.includes(one)) since.delete(one)
    for (const one of found) since.set(one, since.get(one) ?? Date.now())
    return [...since.values()].some((at) => Date.now() - at > staysMs)
  }
  // the broker redelivers an unacknowledged event after 45 s, on a busy machine later
  await until(`the invariants show ${finding}`, stays, 120_000).catch((error: Error) => {
    throw new Error(`${error.message}; they show: ${news.join('; ')}`)
  })
}

/** Waits for earlier orders: such an order could trigger the crash in place of the intended one. */
const allRest = async (): Promise<boolean> => (await shop.world()).orders.every(rests)

/**
 * Patches the copy, drops the second safeguard, and restarts the service. Returns a function
 * undoing the patch.
 */
async function switchOff({ file, lines, constraint, service, crash }: Mutation) {
  const path = join(shop.home, file)
  const undo = lines.map(([from, to]) => patch(path, from, to))
  if (constraint) await execute(shop.databases[constraint.service], constraint.sql)
  await (crash ? shop.crashAt([`${crash}@1`]) : shop.restart(service))
  return async () => {
    for (const one of undo.toReversed()) one()
    await shop.restart(service)
  }
}

/** Runs all checks. Each finding is prefixed with the name of its check. */
const findings = async (): Promise<string[]> =>
  runChecks(await shop.world()).flatMap(({ name, violations }) =>
    violations.map((found) => `${name}: ${found}`),
  )

async function execute(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
