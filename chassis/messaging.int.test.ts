import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type TestDatabase, testDatabase } from '../tests/support/database.ts'
import { until } from '../tests/support/until.ts'
import { type App, createApp } from './app.ts'
import { type Database, openDatabase, type Tx } from './database.ts'
import { createDeadLetters } from './dead-letters.ts'
import { fact } from './fact.ts'
import { createInbox } from './inbox.ts'
import { createLog } from './log.ts'
import { createMemoryTransport, type MemoryTransport } from './memory-transport.ts'
import { createMessagingTables } from './messaging-tables.ts'
import { createRelay, outboxBacklog } from './outbox.ts'
import { refused } from './refusal.ts'
import { on, subscribe } from './subscriptions.ts'
import type { Worker } from './worker.ts'

type Tables = { notes: { text: string } }
const noted = fact('tests-noted-v1', z.object({ text: z.string() }))
const log = createLog('tests', 'silent')

let place: TestDatabase
let database: Database<Tables>
let transport: MemoryTransport
let relays: Worker[]
let app: App
/** What the handler does besides storing the note. */
let trouble: () => void

beforeAll(async () => {
  place = await testDatabase('messaging')
  const initial = {
    up: async (db: Parameters<typeof createMessagingTables>[0]) => {
      await createMessagingTables(db)
      await db.schema.createTable('notes').addColumn('text', 'text').execute()
    },
  }
  database = await openDatabase<Tables>({
    connectionString: place.url,
    migrations: { initial },
    log,
  })
})
afterAll(async () => {
  await database.close()
  await place.dispose()
})

beforeEach(async () => {
  for (const table of ['outbox', 'inbox', 'dead_letters', 'notes'] as const)
    await database.rows.deleteFrom(table).execute()
  transport = createMemoryTransport()
  transport.subscriptions.set(noted.topic, ['tests'])
  trouble = () => {}
  relays = [1, 2].map(() =>
    createRelay({
      database: database as Database<unknown>,
      transport,
      source: 'tests',
      log,
      pollMs: 20,
    }),
  )
  app = createApp({ name: 'tests', log })
  const handlers = [
    on(noted, async ({ text }, tx: Tx<Tables>) => {
      await tx.rows.insertInto('notes').values({ text }).execute()
      trouble()
    }),
  ]
  subscribe(app, {
    name: 'tests',
    handlers,
    inbox: createInbox(database),
    deadLetters: createDeadLetters(database),
    log,
  })
  transport.apps.set('tests', app)
})

const announce = (text: string) =>
  database.inTransaction(async (tx) => tx.announce(noted({ text })))
const emptied = () =>
  until(
    'the outbox is empty',
    async () => (await outboxBacklog(database as Database<unknown>)).depth === 0,
  )
const notes = async () =>
  (await database.rows.selectFrom('notes').select('text').execute()).map(({ text }) => text)

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
      tx.announce(noted({ text: 'never' }))
      throw new Error('the work failed')
    })
    await expect(failing).rejects.toThrow('the work failed')
    expect(await outboxBacklog(database as Database<unknown>)).toEqual({
      depth: 0,
      oldestSeconds: 0,
    })
  })

  it('two relays publish 300 facts once each', async () => {
    for (const n of Array.from({ length: 300 }, (_, index) => index)) await announce(`note ${n}`)
    await relaying(async () => void (await emptied()))
    const ids = transport.published.map(({ event }) => event.id)
    expect(ids).toHaveLength(300)
    expect(new Set(ids).size).toBe(300)
  })

  it('one relay publishes in the order of announcement', async () => {
    for (const text of ['a', 'b', 'c']) await announce(text)
    relays = relays.slice(0, 1)
    await relaying(async () => void (await emptied()))
    expect(transport.published.map(({ event }) => (event.data as { text: string }).text)).toEqual([
      'a',
      'b',
      'c',
    ])
  })

  it('keeps facts while the broker is down and publishes them when it is back', async () => {
    transport.brokerDown = true
    await announce('patient')
    await relaying(async () => {
      await until(
        'a publish failed',
        async () => (await outboxBacklog(database as Database<unknown>)).oldestSeconds > 0.1,
      )
      expect(transport.published).toEqual([])
      transport.brokerDown = false
      await emptied()
    })
    expect(transport.published).toHaveLength(1)
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
    expect(transport.published).toHaveLength(1)
  })

  it('survives a connection that dies while a transaction holds it', async () => {
    const { promise: killed, resolve: kill } = Promise.withResolvers<void>()
    const transaction = database.inTransaction(async () => {
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
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    await client.end()
    return killed
  }

  const announceThroughTrouble = (text: string) =>
    until('the fact is announced', () =>
      announce(text).then(
        () => true,
        () => false,
      ),
    )
})

describe('the inbox', () => {
  it('a fact delivered three times is applied once', async () => {
    const event = {
      id: uuid(),
      source: 'tests',
      type: noted.topic,
      specversion: '1.0',
      datacontenttype: 'application/json',
      data: { text: 'once' },
    } as const
    await transport.publish(noted.topic, [event, event, event])
    await transport.settle()
    expect(await notes()).toEqual(['once'])
  })

  it('a handler that fails leaves no mark and succeeds at the next delivery', async () => {
    let failures = 2
    trouble = () => {
      if (failures-- > 0) throw new Error('the disk is full')
    }
    await announce('stubborn')
    await relaying(async () => void (await emptied()))
    await transport.settle()
    expect(await notes()).toEqual(['stubborn'])
  })
})

describe('dead letters', () => {
  const letters = async () => {
    const answer = await app.request('/tests/dead-letters')
    return (
      (await answer.json()) as {
        deadLetters: { id: string; cause: string; attempts: number; replayedAt?: string }[]
      }
    ).deadLetters
  }
  const publish = (data: unknown, id = uuid()) =>
    transport.publish(noted.topic, [
      {
        id,
        source: 'tests',
        type: noted.topic,
        specversion: '1.0',
        datacontenttype: 'application/json',
        data,
      },
    ])

  it('keep a malformed fact with the field at fault, and good ones go on', async () => {
    await publish({ text: 7 })
    await publish({ text: 'good' })
    await transport.settle()
    expect((await letters()).map(({ cause }) => cause)).toEqual([expect.stringContaining('text')])
    expect(await notes()).toEqual(['good'])
  })

  it('keep a refused fact with the reason', async () => {
    trouble = () => {
      throw refused('no-room', 'There is no room for notes.')
    }
    await publish({ text: 'unwanted' })
    await transport.settle()
    expect((await letters())[0]?.cause).toBe('no-room: There is no room for notes.')
    expect(await notes()).toEqual([])
  })

  it('keep a fact whose handler always fails, with its last cause and the number of attempts, and replay it once mended', async () => {
    trouble = () => {
      throw new Error('the disk is full')
    }
    const id = uuid()
    await publish({ text: 'late' }, id)
    await transport.settle()
    expect(await letters()).toMatchObject([{ id, cause: 'Error: the disk is full', attempts: 10 }])
    trouble = () => {}
    const replay = () => app.request(`/tests/dead-letters/${id}/replay`, { method: 'POST' })
    expect(await (await replay()).json()).toMatchObject({ outcome: 'applied' })
    expect(await (await replay()).json()).toMatchObject({ outcome: 'duplicate' })
    expect(await notes()).toEqual(['late'])
    expect((await letters())[0]?.replayedAt).toBeDefined()
  })

  it('a replay that fails again says why and changes nothing', async () => {
    await publish({ text: 7 }, 'poison')
    await transport.settle()
    const answer = await app.request('/tests/dead-letters/poison/replay', { method: 'POST' })
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ code: 'malformed-event' })
    expect((await letters())[0]?.replayedAt).toBeUndefined()
  })
})
