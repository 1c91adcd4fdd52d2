import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { createApp } from '../../chassis/app.ts'
import { type Database, openDatabase, type Tx } from '../../chassis/database.ts'
import { createDeadLetters } from '../../chassis/dead-letters.ts'
import { readEnvironment } from '../../chassis/environment.ts'
import { type CloudEvent, fact } from '../../chassis/fact.ts'
import { on } from '../../chassis/hearing.ts'
import { createInbox } from '../../chassis/inbox.ts'
import { startService } from '../../chassis/service.ts'
import { subscribe } from '../../chassis/subscriptions.ts'
import { type JournalTables, migrations } from './journal.ts'

/** Where this program lies, for those who start it. */
export const program = fileURLToPath(import.meta.url)

/** What a fact of the suite carries: how its handler is to behave, and bytes to make it large. */
export const Trial = z.object({
  n: z.number().int(),
  key: z.string(),
  /** How often the handler fails before it succeeds; -1: until it is mended. */
  fails: z.number().int().default(0),
  /** The first time, the handler takes its process down. */
  crashes: z.boolean().default(false),
  /** The first time, the handler waits this long (milliseconds) and then fails. */
  hangs: z.number().int().default(0),
  padding: z.string().optional(),
})
export type Trial = z.input<typeof Trial>

if (import.meta.main) await main()

/** An app on the chassis that hears what its environment names, and writes down every attempt and every success. */
async function main(): Promise<void> {
  const env = readEnvironment({
    APP_ID: z.string(),
    INSTANCE: z.string(),
    HEARS: z.string(),
    JOURNAL: z.string(),
  })
  const service = await startService(env.APP_ID)
  const database = await openDatabase<JournalTables>({
    connectionString: env.JOURNAL,
    migrations,
    log: service.log,
  })
  service.onStop(database.close)
  const handle = handlerOf(database, env.INSTANCE)
  const facts = env.HEARS.split(',')
    .filter(Boolean)
    .map((topic) => fact(topic, Trial))
  const app = createApp({
    name: env.APP_ID,
    log: service.log,
    appToken: service.appToken,
    maxBodyBytes: 4 * 1024 * 1024,
    ready: database.ping,
  })
  subscribe(app, {
    name: env.APP_ID,
    handlers: facts.map((one) => on(one, handle)),
    inbox: createInbox(database),
    deadLetters: createDeadLetters(database as Database<unknown>),
    log: service.log,
  })
  service.listen(app)
}

function handlerOf({ rows }: Database<JournalTables>, instance: string) {
  return async (trial: z.output<typeof Trial>, tx: Tx<JournalTables>, event: CloudEvent) => {
    const { key, n } = trial
    const line = { event_id: event.id, topic: event.type, instance, key, n }
    await rows.insertInto('attempts').values(line).execute()
    await behave(rows, event.id, trial)
    await tx.rows.insertInto('heard').values(line).execute()
  }
}

async function behave(
  rows: Database<JournalTables>['rows'],
  eventId: string,
  { fails, crashes, hangs }: z.output<typeof Trial>,
): Promise<void> {
  const of = (table: 'attempts' | 'mended') =>
    rows.selectFrom(table).select('event_id').where('event_id', '=', eventId).execute()
  const attempt = (await of('attempts')).length
  if (crashes && attempt === 1) process.kill(process.pid, 'SIGKILL')
  if (hangs > 0 && attempt === 1) {
    await new Promise((resolve) => setTimeout(resolve, hangs))
    throw new Error('told to hang and then to fail')
  }
  if (fails < 0 ? (await of('mended')).length === 0 : attempt <= fails)
    throw new Error(`told to fail, attempt ${attempt}`)
}
