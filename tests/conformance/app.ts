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

/** Where this program lies, for those who start it. */
export const program = fileURLToPath(import.meta.url)

/** What an event of the suite carries: how the app that it is brought to is to behave, and bytes to make it large. */
export const Trial = z.object({
  n: z.number().int(),
  key: z.string(),
  /** How often the app answers 500 before it takes the event. */
  fails: z.number().int().default(0),
  /** The first time, it takes its process down. */
  crashes: z.boolean().default(false),
  /** The first time, it waits this long (milliseconds) and then answers 500. */
  hangs: z.number().int().default(0),
  padding: z.string().optional(),
})
export type Trial = z.input<typeof Trial>

if (import.meta.main) await main()

/** An app on the chassis that receives what its environment names, and writes down what is brought and what is applied. */
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
 * Misbehaves before the chassis hears of an event, as an app does that cannot even put it aside: then it is for the
 * sidecar and the broker to bring it again. What is no trial, such as a dead letter, passes.
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
