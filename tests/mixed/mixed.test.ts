import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { breaks, type Schema } from '@sidecart/maintainer/api/growth.ts'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { portsAt } from '@sidecart/platform/config/ports.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { readState } from '@sidecart/platform/supervisor/state-file.ts'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sidecart } from '../chaos/shop.ts'
import { newCustomer, orderOf, type Person, placed, reaches } from '../system/client.ts'
import { environmentOf, invariantsHold } from '../system/shop.ts'
import { checkOut, lastRelease } from './revision.ts'

/*
 * During an update, instances of the last release and of this checkout work side by side: each service of the release in
 * turn among today's others, on the tables that today's migrations made.
 */
const project = projectAt()
const required = Boolean(process.env.SIDECART_REQUIRE_ALL)
let release = ''
let missing = ''
try {
  release = lastRelease()
} catch (error) {
  if (required) throw error
  missing = ` [not tried: ${(error as Error).message}]`
}
const mug = 'MUG-ENAMEL-BLUE'

describe.skipIf(missing)(
  `among today's services, of revision ${release.slice(0, 9)}${missing}`,
  () => {
    let folder: string

    beforeAll(async () => {
      folder = checkOut(release)
      await sidecart('up', '--detach')
    }, 300_000)
    afterAll(async () => {
      await sidecart('down')
    }, 120_000)

    it('publishes events that consumers of the release understand', () => {
      const snapshots = 'tests/contracts/snapshots'
      const schemaIn = (checkout: string, file: string) =>
        JSON.parse(readFileSync(join(checkout, snapshots, file), 'utf8')) as Schema
      const files = readdirSync(join(folder, snapshots))
      expect(files.length).toBeGreaterThan(10)
      for (const file of files)
        expect(breaks(schemaIn(folder, file), schemaIn(project.root, file)), file).toEqual([])
    })

    it.each(manifests)(
      '$name: customers register, orders are confirmed, cancelled and refunded, and the invariants hold',
      { timeout: 400_000 },
      async ({ name, position }) => {
        const old = await replace(name, position)
        try {
          await tradeOnce()
          await invariantsHold(120_000)
          expect(old.process.exitCode).toBeNull()
        } finally {
          await old.end()
        }
      },
    )

    /** Stops a service and starts that of the release in its place, with its environment; the sidecar stays. */
    async function replace(name: string, position: number) {
      const record = readState(project)?.processes.find((one) => one.name === name)
      if (!record?.pid) throw new Error(`${name} does not run`)
      const env = { ...environmentOf(record.pid), ...ensureAppTokens(project, name) }
      await sidecart('stop', name)
      const logs = join(folder, '.sidecart/logs')
      mkdirSync(logs, { recursive: true })
      const log = openSync(join(logs, `${name}.log`), 'a')
      const old = spawn(process.execPath, ['main.ts'], {
        cwd: join(folder, 'services', name),
        env,
        stdio: ['ignore', log, log],
      })
      const end = async () => {
        await ended(old)
        await sidecart('start', name)
      }
      const url = `http://127.0.0.1:${portsAt(position).app}/readyz`
      const ready = () => {
        if (old.exitCode !== null) throw new Error(`${name} ended: ${join(logs, `${name}.log`)}`)
        return fetch(url).then(
          ({ ok }) => ok,
          () => false,
        )
      }
      await until(`${name} of the release is ready`, ready, 60_000, 250).catch(async (error) => {
        await end()
        throw error
      })
      return { process: old, end }
    }
  },
)

async function tradeOnce(): Promise<void> {
  // its sidecar finds out that the service is there again within seconds
  const ada = await until(
    'a customer registers',
    () => newCustomer().catch(() => undefined),
    60_000,
    1_000,
  )
  const ordered = (card?: string) => orderPatiently(ada, card)
  const orders = [await ordered(), await ordered(), await ordered()]
  for (const orderId of orders) await reaches(ada, orderId, ['confirmed'], 60_000)
  await reaches(ada, await ordered('card_declined'), ['cancelled'], 60_000)
  const [first = ''] = orders
  await until(
    'an order is refunded',
    async () => (await ada.ask('POST', `/orders/${first}/refund`)).status < 300,
    60_000,
    1_000,
  )
  await reaches(ada, first, ['refunded'], 60_000)
}

async function orderPatiently(by: Person, card?: string): Promise<string> {
  const order = () => placed(by, orderOf(mug, 1, card)).catch(() => undefined)
  return until('an order is accepted', order, 60_000, 1_000)
}

async function ended(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return
  const gone = new Promise((resolve) => process.once('exit', resolve))
  process.kill('SIGTERM')
  await gone
}
