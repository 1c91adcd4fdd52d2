import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { createMemorySidecar } from '@sidecart/testing/memory-sidecar.ts'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type CloudEvent, defineEvent } from '../contract/event.ts'
import { type App, createApp } from '../http/app.ts'
import { createLog } from '../observability/log.ts'
import { type Database, openDatabase, type Tx } from '../persistence/database.ts'
import { createNewestMessagingTables } from '../persistence/messaging-tables.ts'
import { on } from './consumer.ts'
import { createRetryWorker } from './consumer-retry.ts'
import { mountConsumer } from './consumer-routes.ts'
import { createDeadLetters } from './dead-letters.ts'
import { createInbox } from './inbox.ts'
import { createOutboxRelay, outboxBacklog } from './outbox.ts'

type Tables = {
  /** State of the producer. */
  things: { name: string; version: number }
  /** Every application of an event by a consumer. */
  applied: { name: string; version: number }
  /** State of a consumer, from the newest event. */
  known: { name: string; version: number }
}
const changed = defineEvent('things-changed-v1', z.object({ name: z.string(), version: z.int() }))
const log = createLog('tests', 'silent')
/** A failure prints its seed and path: `PROPERTY_SEED=… PROPERTY_PATH=… npx vitest run …` repeats the run. */
const { PROPERTY_SEED: seed, PROPERTY_PATH: path } = process.env
const replay = { ...(seed && { seed: Number(seed) }), ...(path && { path }) }

const happening = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('change' as const),
      name: fc.constantFrom('a', 'b', 'c'),
      fate: fc.constantFrom('done', 'done', 'done', 'fails', 'fails to commit'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('relay' as const),
      relays: fc.integer({ min: 1, max: 2 }),
      /** Changes committed while the relays run. */
      meanwhile: fc.integer({ min: 0, max: 3 }),
      fate: fc.constantFrom('done', 'broker down', 'answer lost', 'one refused', 'dies'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('deliver' as const),
      which: fc.nat(),
      copies: fc.integer({ min: 1, max: 3 }),
      fate: fc.constantFrom('done', 'done', 'answer lost', 'handler fails', 'dies'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('retry' as const),
      fate: fc.constantFrom('done', 'handler fails', 'dies'),
    }),
  },
)
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never
type Doing<What> = Extract<Happening, { does: What }>

const places: TestDatabase[] = []
let producer: Database<Tables>
let consumers: Database<Tables>[]

beforeAll(async () => {
  const open = async (name: string) => {
    const place = await testDatabase(name)
    places.push(place)
    return openDatabase<Tables>({ connectionString: place.url, migrations: { initial }, log })
  }
  producer = await open('producer')
  consumers = [await open('one_consumer'), await open('another_consumer')]
})
afterAll(async () => {
  for (const database of [producer, ...consumers]) await database.close()
  for (const place of places) await place.dispose()
})

const initial = {
  up: async (db: Parameters<typeof createNewestMessagingTables>[0]) => {
    await createNewestMessagingTables(db)
    await sql`create table things (name text primary key, version int not null)`.execute(db)
    await sql`create table doomed (name text references things deferrable initially deferred)`.execute(
      db,
    )
    await sql`create table applied (name text not null, version int not null)`.execute(db)
    await sql`create table known (name text primary key, version int not null)`.execute(db)
  },
}

it('whatever is lost, repeated, reordered or dies, each consumer applies each committed event once, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 30 }), async (happenings) => {
      const world = await createWorld()
      for (const each of happenings) {
        await world.happen(each)
        await world.nothingUncommittedIsApplied()
      }
      await world.calm()
      await world.everythingCommittedIsApplied()
    }),
    { numRuns: 100, ...replay },
  )
}, 120_000)

/** Creates a producer with up to two relays, a broker, and two consumers; all steps run sequentially. */
async function createWorld() {
  for (const database of [producer, ...consumers])
    await sql`truncate outbox, inbox, dead_letters, things, doomed, applied, known`.execute(
      database.rows,
    )
  const committed: string[] = []
  const published: CloudEvent[] = []
  const queue: { consumer: number; event: CloudEvent }[] = []
  let trouble: (tx: Tx<Tables>) => Promise<void> = async () => {}
  const receivers = consumers.map((database) => consumerOn(database, (tx) => trouble(tx)))

  async function change({ name, fate }: Doing<'change'>): Promise<void> {
    const work = producer.inTransaction(async ({ rows, emit }) => {
      const { version } = await rows
        .insertInto('things')
        .values({ name, version: 1 })
        .onConflict((conflict) =>
          conflict.column('name').doUpdateSet({ version: sql`things.version + 1` }),
        )
        .returning('version')
        .executeTakeFirstOrThrow()
      emit(changed({ name, version }))
      if (fate === 'fails') throw new Error(fate)
      if (fate === 'fails to commit') await sql`insert into doomed values ('nobody')`.execute(rows)
      return { name, version }
    })
    await work.then(
      (done) => void committed.push(nameOf(done)),
      // a connection that ends during the commit leaves open whether it committed: the table knows
      async () => {
        if (fate !== 'done') return
        const now = await all(producer, 'things')
        committed.push(
          ...now.filter((thing) => thing.startsWith(`${name} `) && !committed.includes(thing)),
        )
      },
    )
  }

  async function relay({ relays, meanwhile, fate }: Doing<'relay'>): Promise<void> {
    const publish = async (_: string, events: readonly CloudEvent[]) => {
      if (fate === 'broker down') throw new Error(fate)
      const taken = fate === 'one refused' ? events.slice(1) : events
      published.push(...taken)
      for (const event of taken)
        queue.push(...consumers.map((_, consumer) => ({ consumer, event })))
      if (fate === 'answer lost') throw new Error(fate)
      if (fate === 'dies') await endTransactions(producer)
      return { failed: events.slice(0, events.length - taken.length).map(({ id }) => id) }
    }
    const sidecar = { ...createMemorySidecar(), publish }
    const database = producer as Database<unknown>
    const rounds = Array.from({ length: relays }, () => {
      const one = createOutboxRelay({
        database,
        sidecar,
        source: 'things',
        events: { changed },
        log,
      })
      one.start()
      return one
    })
    for (let n = 0; n < meanwhile; n += 1) await change({ does: 'change', name: 'a', fate: 'done' })
    await Promise.all(rounds.map((one) => one.stop()))
  }

  async function deliver({ which, copies, fate }: Doing<'deliver'>): Promise<void> {
    const [delivery] = queue.splice(which % Math.max(queue.length, 1), 1)
    if (!delivery) return
    failOnce(fate)
    const { consumer, event } = delivery
    const { app } = receivers[consumer] as Receiver
    const answers = await Promise.all(Array.from({ length: copies }, () => receives(app, event)))
    if (fate === 'answer lost' || answers.includes('RETRY')) queue.push(delivery)
  }

  /** Runs the workers that try stored events again, each for one event at least. */
  async function retry({ fate }: Doing<'retry'>): Promise<void> {
    failOnce(fate)
    for (const { createRetries } of receivers) {
      const retries = createRetries()
      retries.start()
      await retries.stop()
    }
  }

  /** Lets the next handler throw, or lose its connection. */
  function failOnce(fate: string): void {
    let failures = 1
    trouble = async (tx) => {
      if (failures-- <= 0) return
      if (fate === 'handler fails') throw new Error(fate)
      if (fate === 'dies') await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx.rows)
    }
  }

  async function calm(): Promise<void> {
    while ((await outboxBacklog(producer as Database<unknown>)).depth > 0)
      await relay({ does: 'relay', relays: 1, meanwhile: 0, fate: 'done' })
    while (queue.length > 0) await deliver({ does: 'deliver', which: 0, copies: 1, fate: 'done' })
    while (await retriesAreLeft()) await retry({ does: 'retry', fate: 'done' })
  }

  async function retriesAreLeft(): Promise<boolean> {
    const counts = await Promise.all(receivers.map(({ deadLetters }) => deadLetters.count()))
    return counts.some(({ retrying }) => retrying > 0)
  }

  return {
    happen(one: Happening): Promise<void> {
      if (one.does === 'relay') return relay(one)
      if (one.does === 'deliver') return deliver(one)
      return one.does === 'retry' ? retry(one) : change(one)
    },
    calm,
    async nothingUncommittedIsApplied() {
      for (const database of consumers) {
        const applied = await all(database, 'applied')
        expect(new Set(applied).size).toBe(applied.length)
        expect(applied.filter((event) => !committed.includes(event))).toEqual([])
      }
    },
    async everythingCommittedIsApplied() {
      const now = await all(producer, 'things')
      for (const database of consumers) {
        expect(await all(database, 'applied')).toEqual(committed.toSorted())
        expect(await all(database, 'known')).toEqual(now)
      }
      expect(new Set(published.map(({ id }) => id)).size).toBe(committed.length)
    },
  }
}

type Receiver = ReturnType<typeof consumerOn>

function consumerOn(database: Database<Tables>, trouble: (tx: Tx<Tables>) => Promise<void>) {
  const app = createApp({ name: 'tests', log })
  const handlers = [
    on(changed, async (event, tx: Tx<Tables>) => {
      await tx.rows.insertInto('applied').values(event).execute()
      await trouble(tx)
      await tx.rows
        .insertInto('known')
        .values(event)
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet({ version: event.version })
            .where('known.version', '<', event.version),
        )
        .execute()
    }),
  ]
  const deadLetters = createDeadLetters(database as Database<unknown>)
  const tries = { most: 1_000, firstMs: 1, longestMs: 1 }
  const inbox = createInbox(database)
  const consumer = { name: 'tests', handlers, inbox, deadLetters, log, tries }
  mountConsumer(app, consumer)
  return { app, deadLetters, createRetries: () => createRetryWorker({ ...consumer, pollMs: 5 }) }
}

async function receives(app: App, event: CloudEvent): Promise<string> {
  const answer = await app.request(`/events/${changed.topic}`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify(event),
  })
  return ((await answer.json()) as { status: string }).status
}

/** Simulates a process that died before the commit. */
const endTransactions = (database: Database<Tables>) =>
  sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and state like 'idle in transaction%'`.execute(database.rows)

const nameOf = ({ name, version }: { name: string; version: number }): string =>
  `${name} ${version}`

async function all(database: Database<Tables>, table: keyof Tables): Promise<string[]> {
  const rows = await database.rows.selectFrom(table).select(['name', 'version']).execute()
  return rows.map(nameOf).toSorted()
}
