import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { runChecks } from '../../cli/verify/checks.ts'
import { until } from '../support/until.ts'
import { booksAgree } from './books.ts'
import { patch } from './copy.ts'
import { jostle } from './jostle.ts'
import { type Sabotage, sabotages } from './safeguards.ts'
import { type CrashShop, startCrashShop } from './shop.ts'
import { newcomer, type Shopping, signIn } from './shoppers.ts'

let shop: CrashShop
let shopping: Shopping

beforeAll(async () => {
  shop = await startCrashShop()
  shopping = { ...shop, operator: await signIn(shop.operator), customer: await newcomer() }
  shop.note({ is: 'customer', customerId: shopping.customer.customerId })
})
afterAll(async () => {
  await shop.stop()
})

it('with every safeguard on, nothing of it harms the books', async () => {
  const crashes = sabotages.flatMap(({ crash }) => (crash ? `${crash}@1` : []))
  shop.crashAt(crashes)
  while (crashes.some((pass) => !shop.crashed().includes(pass))) await jostle(shopping)
  await shop.calm()
  await booksAgree(shop)
}, 90_000)

describe('the books tell when a safeguard is off', () => {
  it.each(sabotages)(
    '$safeguard',
    async (sabotage) => {
      const known = new Set(await findings())
      const mend = await switchOff(sabotage)
      if (sabotage.crash) shop.crashAt([`${sabotage.crash}@1`])
      await jostle(shopping)
      await caught(sabotage, known)
      await mend()
    },
    60_000,
  )
})

/** Waits until its check finds something new that does not go away. */
async function caught({ check, staysMs = 3_000 }: Sabotage, known: ReadonlySet<string>) {
  let since = Number.POSITIVE_INFINITY
  await until(
    `${check} finds something`,
    async () => {
      const found = (await findings()).some(
        (one) => !known.has(one) && one.startsWith(`${check}: `),
      )
      since = found ? Math.min(since, Date.now()) : Number.POSITIVE_INFINITY
      return Date.now() - since > staysMs
    },
    40_000,
  )
}

/** Patches the copy, drops the second safeguard, and restarts who runs the code. Answers how to mend it. */
async function switchOff({ file, lines, constraint, services }: Sabotage) {
  const path = join(shop.home, file)
  const undo = lines.map(([from, to]) => patch(path, from, to))
  if (constraint) await execute(shop.databases[constraint.service], constraint.sql)
  await Promise.all(services.map(shop.restart))
  return async () => {
    for (const one of undo.toReversed()) one()
    await Promise.all(services.map(shop.restart))
  }
}

/** What the checks find, each finding with the name of its check. */
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
