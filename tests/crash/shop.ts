import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectionInfo, type Shop, type ShopService } from '@sidecart/client/connection-info.ts'
import { asOperator } from '@sidecart/client/shop-client.ts'
import { readIfThere } from '@sidecart/platform/config/files.ts'
import { assertPortsFree } from '@sidecart/platform/config/ports.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { procOf } from '@sidecart/platform/process/spawn.ts'
import { stopLeftovers } from '@sidecart/platform/supervisor/down.ts'
import { raiseLimits } from '@sidecart/platform/supervisor/lift-limits.ts'
import { prepareStack } from '@sidecart/platform/supervisor/prepare-stack.ts'
import { writeState } from '@sidecart/platform/supervisor/state-file.ts'
import { createSupervisor } from '@sidecart/platform/supervisor/supervisor.ts'
import { until } from '@sidecart/testing/until.ts'
import { readSnapshot, withMails } from '@sidecart/verify/invariants/read.ts'
import type { Snapshot } from '@sidecart/verify/invariants/snapshot.ts'
import pg from 'pg'
import { root } from '../architecture/tree.ts'
import { copyShop } from './copy.ts'

export type CrashShop = Shop & {
  /** The folder of the copy. */
  home: string
  /**
   * Restarts services with instructions to crash at these points (`service: name@pass`), one per
   * process lifetime.
   */
  crashAt(points: readonly string[]): Promise<void>
  /** The points passed since the start, as `service: name` in sequence. */
  passed(): string[]
  /** The points crashed at. */
  crashed(): string[]
  /** Kills a service. Resolves after the restart. */
  restart(service: string): Promise<void>
  isReady(service: string): boolean
  /** Resolves when everything is ready. */
  calm(): Promise<void>
  /** Locks a table of a service's database exclusively during an action. */
  holdUp(service: ShopService, table: string, during: () => Promise<void>): Promise<void>
  /** Appends a line to the client journal. */
  note(line: object): void
  world(): Promise<Snapshot>
  stop(): Promise<void>
}

const home = join(root, '.sidecart/crash')
/** Short, so that hundreds of crashes take only minutes. */
const backOff = { first: 20, most: 20 }

/**
 * Starts a whole shop from an instrumented copy of this checkout, with separate databases, broker
 * and mail catcher.
 */
export async function startCrashShop(): Promise<CrashShop> {
  const project = projectAt(home)
  await stopLeftovers(project)
  copyShop(home)
  raiseLimits()
  const { servers, fleet } = await prepareStack(project, {})
  const units = [...servers.needed, ...fleet]
  await assertPortsFree(units)
  const notes = (file: string) => join(project.home, 'crash', file)
  for (const { name, role } of units)
    if (role === 'app' || name === 'provider') writeFileSync(notes(`${name}.orders`), '')
  writeFileSync(notes('record.jsonl'), '')
  const self = procOf('supervisor', process.pid)
  const supervisor = createSupervisor(units, {
    backOff,
    onChange: (processes) => writeState(project, { ...(self && { supervisor: self }), processes }),
  })
  await supervisor.startAll().catch(async (error) => {
    await supervisor.stopAll()
    throw error
  })
  const places = { ...(await connectionInfo(project.home)), record: notes('record.jsonl') }
  const record = (name: string) => supervisor.records().find((one) => one.name === name)
  const noted = (file: string): string[] =>
    (readIfThere(notes(file)) ?? '').split('\n').filter(Boolean)

  async function crashAt(points: readonly string[]): Promise<void> {
    const services = Map.groupBy(points, (point) => point.split(':')[0] ?? '')
    for (const [service, some] of services)
      appendFileSync(notes(`${service}.orders`), some.map((point) => `${point}\n`).join(''))
    await Promise.all([...services.keys()].map(restart))
  }

  async function restart(service: string): Promise<void> {
    const lives = record(service)?.restarts ?? 0
    supervisor.kill(service, 'SIGKILL')
    const isBack = () => record(service)?.phase === 'ready' && record(service)?.restarts !== lives
    await until(`${service} is back`, isBack, 60_000)
  }

  return {
    ...places,
    home,
    crashAt,
    passed: () => noted('passed'),
    crashed: () => noted('crashed'),
    restart,
    isReady: (service) => record(service)?.phase === 'ready',
    calm: async () => {
      const ready = () => supervisor.records().every(({ phase }) => phase === 'ready')
      await until('everything is ready', ready, 60_000)
    },
    holdUp: (service, table, during) => holdUp(places.databases[service], table, during),
    note: (line) => appendFileSync(places.record, `${JSON.stringify(line)}\n`),
    world: async () => {
      return withMails(await readSnapshot(places, asOperator(places)), places)
    },
    stop: () => supervisor.stopAll(),
  }
}

async function holdUp(
  connectionString: string,
  table: string,
  during: () => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query(`begin; lock table ${table} in access exclusive mode`)
    await during()
  } finally {
    await client.end()
  }
}
