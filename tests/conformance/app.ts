import { fileURLToPath } from 'node:url'
import { type CloudEvent, defineEvent } from '@sidecart/chassis/contract/event.ts'
import { readEnvironment } from '@sidecart/chassis/core/environment.ts'
import { createApp } from '@sidecart/chassis/http/app.ts'
import { on } from '@sidecart/chassis/messaging/consumer.ts'
import { mountConsumer } from '@sidecart/chassis/messaging/consumer-routes.ts'
import { createDeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import { createInbox } from '@sidecart/chassis/messaging/inbox.ts'
import { type Database, openDatabase, type Tx } from '@sidecart/chassis/persistence/database.ts'
import { startService } from '@sidecart/chassis/service.ts'
import type { MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { type JournalTables, migrations, type Notebook, openNotebook } from './journal.ts'

/** Path of this program, for starting the app. */
export const program = fileURLToPath(import.meta.url)

/**
 * Payload of an event of the suite: the receiving app's behaviour, and padding for large events.
 */
export const Trial = z.object({
  n: z.number().int(),
  key: z.string(),
  /** Number of `500` responses before the app accepts the event. */
  fails: z.number().int().default(0),
  /** Kills the process on the first delivery. */
  crashes: z.boolean().default(false),
  /** Waits this long (milliseconds) on the first delivery and then answers `500`. */
  hangs: z.number().int().default(0),
  padding: z.string().optional(),
})
export type Trial = z.input<typeof Trial>

if (import.meta.main) await main()

/**
 * Runs an app on the chassis, subscribed to the topics in its environment. Records every delivery
 * and every processed event.
 */
async function main(): Promise<void> {
  const env = readEnvironment({
    APP_ID: z.string(),
    INSTANCE: z.string(),
    SUBSCRIBES_TO: z.string().default(''),
    JOURNAL: z.string(),
  })
  const service = await startService(env.APP_ID)
  const database = await openDatabase<JournalTables>({
    connectionString: env.JOURNAL,
    migrations,
    log: service.log,
  })
  service.onStop(database.close)
  const notebook = openNotebook(env.JOURNAL)
  service.onStop(notebook.close)
  const events = env.SUBSCRIBES_TO.split(',')
    .filter(Boolean)
    .map((topic) => defineEvent(topic, Trial))
  const app = createApp({
    name: env.APP_ID,
    log: service.log,
    appToken: service.appToken,
    maxBodyBytes: 4 * 1024 * 1024,
    ready: database.ping,
  })
  app.use('/events/*', unreliable(notebook, env.INSTANCE))
  mountConsumer(app, {
    name: env.APP_ID,
    handlers: events.map((one) =>
      on(one, async (trial, tx: Tx<JournalTables>, event) => {
        const line = lineOf(event, env.INSTANCE, trial)
        await tx.rows.insertInto('received').values(line).execute()
      }),
    ),
    inbox: createInbox(database),
    deadLetters: createDeadLetters(database as Database<unknown>),
    log: service.log,
  })
  service.listen(app)
}

/**
 * Fails before the chassis sees an event, like an app unable to store even the failure: then
 * sidecar and broker must redeliver. Other events, such as dead letters, pass.
 */
function unreliable(notebook: Notebook, instance: string): MiddlewareHandler {
  return async function unreliable(c, next) {
    const event = (await c.req.json()) as CloudEvent
    const trial = Trial.safeParse(event.data)
    if (!trial.success) return next()
    const { key, n, fails, crashes, hangs } = trial.data
    const attempt = await notebook.attempt(lineOf(event, instance, { key, n }))
    if (crashes && attempt === 1) process.kill(process.pid, 'SIGKILL')
    if (hangs > 0 && attempt === 1) {
      await new Promise((resolve) => setTimeout(resolve, hangs))
      return c.text('told to hang and then to fail', 500)
    }
    if (attempt <= fails) return c.text(`told to fail, attempt ${attempt}`, 500)
    return next()
  }
}

const lineOf = ({ id, type }: CloudEvent, instance: string, { key, n }: Trial) => ({
  event_id: id,
  topic: type,
  instance,
  key,
  n,
})
