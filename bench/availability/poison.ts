import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createDaprSidecar } from '@sidecart/chassis/sidecar/dapr-sidecar.ts'
import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { userEvents } from '@sidecart/users/contract.ts'
import pg from 'pg'
import { median } from '../statistics.ts'
import { measured, rounded } from './shop.ts'

/* Measures the delay caused by a poison event. The same valid events are sent to the same consumer
   with and without a poison event in front, in turn. One poison event is malformed; with the other,
   the handler fails on every attempt. */
const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    events: { type: 'string', default: '1000' },
  },
})
const [rounds, events] = [Number(given.rounds), Number(given.events)]
const { topic } = userEvents.contactChanged
const mostSlower = 0.1
const atOnce = 100

const poisons = {
  none: undefined,
  malformed: { userId: 7 },
  // valid by the contract, but rejected by the database on every attempt
  failing: contact(randomUUID(), 1, 'nobody\u0000'),
}
type Poison = keyof typeof poisons

function contact(userId: string, version: number, name = 'Good') {
  const preferences = { orderUpdates: false, paymentUpdates: false, marketing: false }
  return { userId, email: `${userId}@bench.example`, name, preferences, version }
}

await measured(async (project, progress) => {
  const { databases } = await connectionInfo()
  const notifications = new pg.Client({ connectionString: databases.notifications })
  await notifications.connect()
  const sidecar = sidecarOf(project, 'users')
  const took: Record<Poison, number[]> = { none: [], malformed: [], failing: [] }
  try {
    await round('none')
    for (let n = 1; n <= rounds; n += 1)
      for (const poison of turned(Object.keys(poisons) as Poison[], n)) {
        const ms = await round(poison)
        took[poison].push(ms)
        progress.line(`round ${n}, ${poison}: ${events} events in ${Math.round(ms)} ms`)
      }
  } finally {
    await sidecar.close()
    await notifications.end()
  }
  const usual = median(took.none)
  const slower = (poison: Poison) => rounded(median(took[poison]) / usual - 1, 3)
  const [malformed, failing] = [slower('malformed'), slower('failing')]
  return {
    ok: malformed <= mostSlower && failing <= mostSlower,
    events,
    rounds,
    slower: { malformed, failing },
    medianMs: Object.fromEntries(Object.entries(took).map(([name, ms]) => [name, median(ms)])),
    ms: took,
  }

  /** Milliseconds from publishing the first event to receiving the last valid one. */
  async function round(poison: Poison): Promise<number> {
    const userId = randomUUID()
    const good = Array.from({ length: events }, (_, n) => event(contact(userId, n + 1)))
    const bad = poisons[poison] === undefined ? [] : [event(poisons[poison])]
    const began = performance.now()
    if (bad.length > 0) await sidecar.publish(topic, bad)
    for (let sent = 0; sent < good.length; sent += atOnce)
      await sidecar.publish(topic, good.slice(sent, sent + atOnce))
    await all('inbox', 'event_id', good)
    const ms = performance.now() - began
    await all('dead_letters', 'id', bad)
    await forget([...good, ...bad])
    await notifications.query('delete from contacts where user_id = $1', [userId])
    return rounded(ms)
  }

  async function all(table: string, column: string, events: readonly { id: string }[]) {
    const ids = events.map(({ id }) => id)
    const sql = `select count(*)::int as count from ${table} where ${column} = any($1)`
    for (;;) {
      const { rows } = await notifications.query<{ count: number }>(sql, [ids])
      if (rows[0]?.count === ids.length) return
      await pause(20)
    }
  }

  /** Deletes the synthetic events, so that `verify` does not count them. */
  async function forget(events: readonly { id: string }[]): Promise<void> {
    const ids = events.map(({ id }) => id)
    await notifications.query('delete from inbox where event_id = any($1)', [ids])
    await notifications.query('delete from dead_letters where id = any($1)', [ids])
  }
})

function event(data: unknown) {
  const specversion = '1.0' as const
  const datacontenttype = 'application/json' as const
  return { id: randomUUID(), source: 'users', type: topic, specversion, datacontenttype, data }
}

function sidecarOf(project: Project, name: string) {
  const ports = readRunFile(project.runFile).find(({ appId }) => appId === name)?.ports
  if (!ports) throw new Error(`no ${name} in dapr.yaml`)
  const apiToken = ensureAppTokens(project, name).DAPR_API_TOKEN
  return createDaprSidecar({ httpPort: ports.http, grpcPort: ports.grpc, apiToken })
}

/** Rotates the list each round, so that no variant profits from its position. */
function turned<T>(list: readonly T[], by: number): T[] {
  return list.map((_, index) => list[(index + by) % list.length] as T)
}
