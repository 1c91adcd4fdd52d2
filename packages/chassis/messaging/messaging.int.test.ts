import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { databaseTraffic } from '@sidecart/testing/database-traffic.ts'
import { createMemorySidecar, type MemorySidecar } from '@sidecart/testing/memory-sidecar.ts'
import { testTokens } from '@sidecart/testing/tokens.ts'
import { until } from '@sidecart/testing/until.ts'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type DeadLetter, defineEvent } from '../contract/event.ts'
import { refused } from '../core/errors.ts'
import type { Worker } from '../core/worker.ts'
import { type App, createApp } from '../http/app.ts'
import { signedIn } from '../http/authentication.ts'
import { createLog } from '../observability/log.ts'
import { registry } from '../observability/metrics.ts'
import { type Database, openDatabase, type Tx } from '../persistence/database.ts'
import { createNewestMessagingTables } from '../persistence/messaging-tables.ts'
import { deferred } from '../persistence/pipelined-client.ts'
import { type ConsumerOptions, on } from './consumer.ts'
import { createRetryWorker } from './consumer-retry.ts'
import { mountConsumer } from './consumer-routes.ts'
import { createDeadLetters } from './dead-letters.ts'
import { createInbox } from './inbox.ts'
import { createOutboxRelay, outboxBacklog } from './outbox.ts'

type Tables = { notes: { text: string } }
const noted = defineEvent('tests-noted-v1', z.object({ text: z.string() }), 'text')
const log = createLog('tests', 'silent')

let place: TestDatabase
let database: Database<Tables>
/** The same database, opened by another instance. */
let another: Database<Tables>
let sidecar: MemorySidecar
let relays: Worker[]
let retryWorker: Worker
let app: App
let consumer: ConsumerOptions<Tx<Tables>>
/** What the handler does besides storing the note. */
let trouble: () => Promise<void>

beforeAll(async () => {
  place = await testDatabase('messaging')
  const initial = {
    up: async (db: Parameters<typeof createNewestMessagingTables>[0]) => {
      await createNewestMessagingTables(db)
      await db.schema.createTable('notes').addColumn('text', 'text').execute()
    },
  }
  const open = () =>
    openDatabase<Tables>({ connectionString: place.url, migrations: { initial }, log })
  database = await open()
  another = await open()
})
afterAll(async () => {
  await database.close()
  await another.close()
  await place.dispose()
})

beforeEach(async () => {
  for (const table of ['outbox', 'inbox', 'dead_letters', 'notes'] as const)
    await database.rows.deleteFrom(table).execute()
  sidecar = createMemorySidecar()
  sidecar.subscriptions.set(noted.topic, ['tests'])
  trouble = async () => {}
  relays = [database, another].map((one) =>
    createOutboxRelay({
      database: one as Database<unknown>,
      sidecar,
      source: 'tests',
      events: { noted },
      log,
      pollMs: 20,
    }),
  )
  app = createApp({ name: 'tests', log })
  const handlers = [
    on(noted, async ({ text }, tx: Tx<Tables>) => {
      await tx.rows.insertInto('notes').values({ text }).execute()
      await trouble()
    }),
  ]
  consumer = {
    name: 'tests',
    handlers,
    inbox: createInbox(database),
    deadLetters: createDeadLetters(database),
    log,
    tries: { most: 4, firstMs: 1, longestMs: 4 },
    timeoutMs: 200,
  }
  mountConsumer(app, consumer)
  retryWorker = createRetryWorker({ ...consumer, pollMs: 5 })
  sidecar.apps.set('tests', app)
})

const emit = (text: string) => database.inTransaction(async (tx) => tx.emit(noted({ text })))
const emptied = () =>
  until(
    'the outbox is empty',
    async () => (await outboxBacklog(database as Database<unknown>)).depth === 0,
  )
const notes = async () =>
  (await database.rows.selectFrom('notes').select('text').execute()).map(({ text }) => text)

const eventOf = (data: unknown, more: { id?: string; traceparent?: string } = {}) => ({
  id: uuid(),
  source: 'tests',
  type: noted.topic,
  specversion: '1.0' as const,
  datacontenttype: 'application/json' as const,
  data,
  ...more,
})
const publish = (...event: Parameters<typeof eventOf>) =>
  sidecar.publish(noted.topic, [eventOf(...event)])
const posted = (event: unknown) => ({ method: 'POST', body: JSON.stringify(event) })

async function letters(query = ''): Promise<DeadLetter[]> {
  const answer = await app.request(`/tests/dead-letters${query}`)
  return ((await answer.json()) as { deadLetters: DeadLetter[] }).deadLetters
}

async function tryingAgain(work: () => Promise<void>): Promise<void> {
  retryWorker.start()
  try {
    await work()
  } finally {
    await retryWorker.stop()
  }
}

async function relaying(work: () => Promise<void>): Promise<void> {
  for (const relay of relays) relay.start()
  try {
    await work()
  } finally {
    await Promise.all(relays.map((relay) => relay.stop()))
  }
}

describe('the outbox', () => {
  it('keeps nothing of a transaction that fails', async () => {
    const failing = database.inTransaction(async (tx) => {
      tx.emit(noted({ text: 'never' }))
      throw new Error('the work failed')
    })
    await expect(failing).rejects.toThrow('the work failed')
    expect(await outboxBacklog(database as Database<unknown>)).toEqual({
      depth: 0,
      oldestSeconds: 0,
    })
  })

  it('shows in the metrics how many events wait, and how long', async () => {
    await emit('waiting')
    const metrics = await (await app.request('/metrics')).text()
    expect(metrics).toMatch(/^outbox_depth 1$/m)
    expect(Number(/^outbox_oldest_seconds (\S+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0)
    await relaying(async () => void (await emptied()))
    expect(await (await app.request('/metrics')).text()).toMatch(/^outbox_depth 0$/m)
  })

  it('two relays publish 300 events once each', async () => {
    for (const n of Array.from({ length: 300 }, (_, index) => index)) await emit(`note ${n}`)
    await relaying(async () => void (await emptied()))
    const ids = sidecar.published.map(({ event }) => event.id)
    expect(ids).toHaveLength(300)
    expect(new Set(ids).size).toBe(300)
  })

  it('one relay publishes in the order of announcement', async () => {
    for (const text of ['a', 'b', 'c']) await emit(text)
    relays = relays.slice(0, 1)
    await relaying(async () => void (await emptied()))
    expect(sidecar.published.map(({ event }) => (event.data as { text: string }).text)).toEqual([
      'a',
      'b',
      'c',
    ])
  })

  it('gives events the key of their definition, read again from the outbox or still in memory', async () => {
    await emit('stored')
    await relaying(async () => {
      await emptied()
      await emit('fresh')
      await emptied()
    })
    const keys = sidecar.published.map(({ event }) => event.partitionkey)
    expect(keys).toEqual(['stored', 'fresh'])
  })

  it('publishes from memory what is committed while it runs, in order, and deletes the rows with a later commit', async () => {
    relays = relays.slice(0, 1)
    await relaying(async () => {
      for (const text of ['a', 'b', 'c', 'd']) await emit(text)
      await until('all are published', async () => sidecar.published.length === 4)
      await emit('e')
      await emptied()
    })
    expect(sidecar.published.map(({ event }) => (event.data as { text: string }).text)).toEqual([
      ...'abcde',
    ])
  })

  it('publishes without a message to the database, and deletes by a statement of a later commit', async () => {
    const relay = createOutboxRelay({
      database: database as Database<unknown>,
      sidecar,
      source: 'tests',
      events: { noted },
      log,
      pollMs: 60_000,
      deleteMs: 60_000,
    })
    const publishedAfter = async (text: string) => {
      const before = sidecar.published.length
      await emit(text)
      await until(`${text} is published`, async () => sidecar.published.length > before)
    }
    relay.start()
    // the first execution of a statement on a connection is sent alone
    for (const text of ['a', 'b']) await publishedAfter(text)
    const traffic = await databaseTraffic(() => publishedAfter('c'))
    expect(traffic).toEqual({ roundTrips: 1, statements: 2 })
    await relay.stop()
    expect((await outboxBacklog(database as Database<unknown>)).depth).toBe(0)
  })

  it('publishes what the broker did not take before what came later', async () => {
    relays = relays.slice(0, 1)
    const { publish } = sidecar
    let refusals = 0
    sidecar.publish = async (topic, events) => {
      if (refusals++ > 0) return publish(topic, events)
      await emit('later')
      return { failed: events.map(({ id }) => id) }
    }
    await relaying(async () => {
      await emit('refused')
      await emptied()
    })
    expect(sidecar.published.map(({ event }) => (event.data as { text: string }).text)).toEqual([
      'refused',
      'later',
    ])
  })

  it('keeps the row of a published event when the commit that would delete it fails', async () => {
    relays = relays.slice(0, 1)
    await relaying(async () => {
      await emit('first')
      await until('it is published', async () => sidecar.published.length === 1)
      const failing = database.inTransaction(async (tx) => {
        tx.emit(noted({ text: 'never' }))
        // the key refuses the second row at the commit, after the deletion
        for (const _ of [1, 2])
          await tx.rows
            .insertInto('inbox')
            .values({ event_id: 'twice' })
            .modifyEnd(deferred)
            .execute()
      })
      await expect(failing).rejects.toMatchObject({ code: '23505' })
      await emptied()
    })
    expect(sidecar.published).toHaveLength(1)
  })

  it('leaves the events of a running instance to it, and takes over those of one that is gone', async () => {
    const [left = '', just = ''] = [uuid(), uuid()]
    const row = { topic: noted.topic, data: JSON.stringify({ text: 'of another' }) }
    relays = relays.slice(0, 1)
    await relaying(async () => {
      await emit('its own')
      await emptied()
      const at = (ms: number) => new Date(Date.now() - ms)
      await database.rows
        .insertInto('outbox')
        .values([
          { id: left, ...row, traceparent: null, created_at: at(1_500) },
          { id: just, ...row, traceparent: null, created_at: at(0) },
        ])
        .execute()
      await until('one is taken over', async () => sidecar.published.length === 2)
      expect(sidecar.published[1]?.event.id).toBe(left)
      await emptied()
    })
    expect(sidecar.published[2]?.event.id).toBe(just)
  })

  it('keeps events while the broker is down and publishes them when it is back', async () => {
    sidecar.brokerDown = true
    await emit('patient')
    await relaying(async () => {
      await until(
        'a publish failed',
        async () => (await outboxBacklog(database as Database<unknown>)).oldestSeconds > 0.1,
      )
      expect(sidecar.published).toEqual([])
      sidecar.brokerDown = false
      await emptied()
    })
    expect(sidecar.published).toHaveLength(1)
  })

  it('survives its connections being killed', async () => {
    await relaying(async () => {
      await until('the connections are killed', async () => {
        const { rows } = await killOthers()
        return rows.length > 0
      })
      await announceThroughTrouble('after the cut')
      await emptied()
    })
    expect(sidecar.published).toHaveLength(1)
  })

  it('survives a connection that dies while a transaction holds it', async () => {
    const { promise: killed, resolve: kill } = Promise.withResolvers<void>()
    const transaction = database.inTransaction(async ({ rows }) => {
      await rows.selectFrom('notes').selectAll().execute()
      await until('the connection is killed', async () => (await killOthers()).rows.length > 0)
      kill()
    })
    await killed
    await expect(transaction).rejects.toThrow()
    await announceThroughTrouble('after the cut')
  })

  async function killOthers() {
    const pg = await import('pg')
    const client = new pg.default.Client({ connectionString: place.url })
    await client.connect()
    const killed = await client.query(
      'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    await client.end()
    return killed
  }

  const announceThroughTrouble = (text: string) =>
    until('the event is emitted', () =>
      emit(text).then(
        () => true,
        () => false,
      ),
    )
})

describe('the inbox', () => {
  it('an event delivered three times is applied once', async () => {
    const event = eventOf({ text: 'once' })
    await sidecar.publish(noted.topic, [event, event, event])
    await sidecar.settle()
    expect(await notes()).toEqual(['once'])
  })

  it('a handler that fails leaves no mark and succeeds at a later try', async () => {
    let failures = 2
    trouble = async () => {
      if (failures-- > 0) throw new Error('the disk is full')
    }
    await publish({ text: 'stubborn' })
    await publish({ text: 'good' })
    await sidecar.settle()
    await tryingAgain(async () => {
      await until('both are noted', async () => (await notes()).length === 2)
      await until('nothing is stored any more', async () => (await letters()).length === 0)
    })
    expect((await notes()).sort()).toEqual(['good', 'stubborn'])
  })

  it('a handler that hangs holds up the events behind it for its time-out, and once', async () => {
    const { promise: mended, resolve: mend } = Promise.withResolvers<void>()
    let hangs = 1
    trouble = async () => {
      if (hangs-- > 0) await mended
    }
    await publish({ text: 'slow' })
    await publish({ text: 'good' })
    await sidecar.settle()
    expect(await notes()).toEqual(['good'])
    expect((await letters())[0]?.cause).toContain('took over 200 ms')
    mend()
    await tryingAgain(async () => {
      await until('nothing is stored any more', async () => (await letters()).length === 0)
    })
    expect((await notes()).sort()).toEqual(['good', 'slow'])
  })

  it('an event that cannot even be stored comes again, and is stored once the sidecar gives up', async () => {
    trouble = async () => {
      throw new Error('the disk is full')
    }
    const rename = (from: string, to: string) =>
      database.rows.schema.alterTable(from).renameTo(to).execute()
    const event = eventOf({ text: 'homeless' })
    const bring = async (topic: string) =>
      (await (await app.request(`/events/${topic}`, posted(event))).json()) as { status: string }
    await rename('dead_letters', 'away')
    expect(await bring(noted.topic)).toEqual({ status: 'RETRY' })
    expect(await bring('tests-dead-letters-v1')).toEqual({ status: 'RETRY' })
    await rename('away', 'dead_letters')
    expect(await bring('tests-dead-letters-v1')).toEqual({ status: 'SUCCESS' })
    trouble = async () => {}
    await tryingAgain(async () => {
      await until('it is noted', async () => (await notes()).length === 1)
    })
  })
})

describe('dead letters', () => {
  const replay = (id: string) => app.request(`/tests/dead-letters/${id}/replay`, { method: 'POST' })

  it('keep a malformed event with the field at fault, and good ones go on', async () => {
    await publish({ text: 7 })
    await publish({ text: 'good' })
    await sidecar.settle()
    expect(await letters()).toMatchObject([{ cause: expect.stringContaining('text') }])
    expect(await notes()).toEqual(['good'])
  })

  it('keep an event that its owner did not publish, or that is another kind of event', async () => {
    const forged = { ...eventOf({ text: 'forged' }), source: 'strangers' }
    const renamed = { ...eventOf({ text: 'renamed' }), type: 'tests-erased-v1' }
    for (const event of [forged, renamed])
      await app.request(`/events/${noted.topic}`, posted(event))
    const kept = await letters()
    expect(kept.map(({ id }) => id).sort()).toEqual([forged.id, renamed.id].sort())
    for (const { cause, nextAttemptAt } of kept) {
      expect(cause).toMatch(/^foreign-event: /)
      expect(nextAttemptAt).toBeUndefined()
    }
    expect(await notes()).toEqual([])
  })

  it('can be replayed whatever the id of their event is', async () => {
    trouble = async () => {
      throw refused('no-room', 'Not now.')
    }
    const ids = ['a?b#c', '../../metrics', '100%', 'nul\0', '\x1f', 'Ä b']
    for (const id of ids)
      await app.request(`/events/${noted.topic}`, posted(eventOf({ text: 'odd' }, { id })))
    trouble = async () => {}
    const kept = await letters()
    expect(kept.map(({ event }) => event.id).sort()).toEqual(ids.sort())
    for (const { id } of kept) {
      const path = `/tests/dead-letters/${encodeURIComponent(id)}/replay`
      const { status } = await sidecar.invoke({ app: 'tests', method: 'POST', path })
      expect(status, path).toBe(200)
    }
    expect(await notes()).toHaveLength(ids.length)
  })

  it('keep a refused event with the reason, and do not try it again', async () => {
    trouble = async () => {
      throw refused('no-room', 'There is no room for notes.')
    }
    await publish({ text: 'unwanted' })
    await sidecar.settle()
    const [letter] = await letters()
    expect(letter).toMatchObject({ cause: 'no-room: There is no room for notes.', attempts: 1 })
    expect(letter?.nextAttemptAt).toBeUndefined()
    expect(await notes()).toEqual([])
    const text = await registry.metrics()
    expect(text).toMatch(/^dead_letters 1$/m)
    expect(text).toMatch(/^consumer_retries_waiting 0$/m)
    expect(text).toMatch(
      /^consumer_processing_duration_seconds_count\{.*outcome="refused"\} [1-9]/m,
    )
  })

  it('keep an event whose handler always fails, with its last cause, the number of tries and the trace, until it is replayed', async () => {
    trouble = async () => {
      throw new Error('the disk is full')
    }
    const id = uuid()
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    await publish({ text: 'late' }, { id, traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
    await sidecar.settle()
    await tryingAgain(async () => {
      await until('it is dead', async () => (await letters())[0]?.nextAttemptAt === undefined)
    })
    expect(await letters()).toMatchObject([
      { id, cause: 'Error: the disk is full', attempts: 4, traceId },
    ])
    const failing = await replay(id)
    expect(failing.status).toBe(409)
    expect(await failing.json()).toMatchObject({
      code: 'replay-failed',
      detail: 'Error: the disk is full',
    })
    trouble = async () => {}
    expect(await (await replay(id)).json()).toMatchObject({ outcome: 'applied' })
    expect(await (await replay(id)).json()).toMatchObject({ outcome: 'duplicate' })
    expect(await notes()).toEqual(['late'])
    expect(await letters()).toEqual([])
    expect((await letters('?replayed=true'))[0]?.replayedAt).toBeDefined()
  })

  it('keep what is no event at all, as it came', async () => {
    const brought = (text: string) => ({
      ...eventOf(undefined),
      type: 'com.dapr.event.sent',
      data_base64: Buffer.from(text).toString('base64'),
    })
    for (const text of ['hello', '[1,2]', JSON.stringify(eventOf({ text: 'wrapped' }))])
      await app.request('/events/tests-dead-letters-v1', posted(brought(text)))
    expect(await letters()).toMatchObject([
      {
        topic: noted.topic,
        nextAttemptAt: expect.any(String),
        event: { data: { text: 'wrapped' } },
      },
      { topic: 'unknown', cause: expect.stringContaining('malformed-event'), event: [1, 2] },
      { topic: 'unknown', event: { data_base64: 'aGVsbG8=' } },
    ])
  })

  it('a replay that fails again says why and changes nothing', async () => {
    await publish({ text: 7 }, { id: 'poison' })
    await sidecar.settle()
    const answer = await replay('poison')
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ code: 'malformed-event' })
    expect(await (await app.request('/tests/dead-letters/poison')).json()).toMatchObject({
      id: 'poison',
      event: { data: { text: 7 } },
    })
    expect(await letters()).toHaveLength(1)
  })

  it('are gone when an operator dismisses them', async () => {
    await publish({ text: 7 }, { id: 'poison' })
    await sidecar.settle()
    const dismiss = () => app.request('/tests/dead-letters/poison/dismiss', { method: 'POST' })
    expect(await (await dismiss()).json()).toMatchObject({ outcome: 'dismissed' })
    expect((await dismiss()).status).toBe(404)
    expect((await replay('poison')).status).toBe(404)
    expect(await letters()).toEqual([])
  })

  it('say which operator replayed or dismissed them, until they fail again', async () => {
    const tokens = await testTokens()
    const signed = createApp({ name: 'tests', log })
    signed.use('/tests/*', signedIn(tokens.verify, 'operator'))
    mountConsumer(signed, consumer)
    const operatorId = uuid()
    const headers = await tokens.bearer(operatorId, 'operator')
    const handle = (id: string, action: string) =>
      signed.request(`/tests/dead-letters/${id}/${action}`, { method: 'POST', headers })
    trouble = async () => {
      throw refused('no-room', 'There is no room for notes.')
    }
    for (const id of ['mended', 'hopeless']) await publish({ text: id }, { id })
    await sidecar.settle()
    trouble = async () => {}
    expect((await handle('mended', 'replay')).status).toBe(200)
    expect((await handle('hopeless', 'dismiss')).status).toBe(200)
    expect(await letters()).toEqual([])
    const handled = await letters('?replayed=true')
    expect(handled.find(({ id }) => id === 'mended')).toMatchObject({
      replayedAt: expect.any(String),
      handledBy: operatorId,
    })
    expect(handled.find(({ id }) => id === 'hopeless')).toMatchObject({
      dismissedAt: expect.any(String),
      handledBy: operatorId,
    })
    trouble = async () => {
      throw refused('no-room', 'There is no room for notes.')
    }
    await publish({ text: 'hopeless' }, { id: 'hopeless' })
    await sidecar.settle()
    const [again] = await letters()
    expect([again?.id, again?.dismissedAt, again?.handledBy]).toEqual([
      'hopeless',
      undefined,
      undefined,
    ])
  })
})
