import type { CloudEvent } from '../contract/event.ts'
import { Refusal, refused } from '../core/errors.ts'
import { type App, isInvocation } from '../http/app.ts'
import { type ConsumerOptions, createConsumer } from './consumer.ts'

const mostListed = 500

/** Routes of a service's dead letters, used by operators through the gateway. */
export const deadLetterRoutes = (name: string) => [
  { method: 'get', path: `/${name}/dead-letters` },
  { method: 'get', path: `/${name}/dead-letters/{id}` },
  { method: 'post', path: `/${name}/dead-letters/{id}/replay` },
  { method: 'post', path: `/${name}/dead-letters/{id}/dismiss` },
]

/**
 * Mounts `POST /events/<topic>` for every handler, and answers Dapr:
 * - `SUCCESS` for a processed event and for a duplicate;
 * - `SUCCESS` for a failed event once stored in the service's database: as a dead letter when malformed or refused,
 *   for a retry by `createRetryWorker` after a fault, so that later events need not wait;
 * - `RETRY` only for an event that cannot be stored. The sidecar finally sends such an event to
 *   `<name>-dead-letters-v1`, a topic from which the consumer stores the event later.
 * Operators list, replay and dismiss at `/<name>/dead-letters`; a replay uses the same handler and inbox.
 */
export function mountConsumer<T>(app: App, options: ConsumerOptions<T>): void {
  const { name, deadLetters, log } = options
  const consumer = createConsumer(options)

  async function receive(topic: string, raw: unknown): Promise<'SUCCESS' | 'RETRY'> {
    try {
      await consumer.consume(topic, raw)
      return 'SUCCESS'
    } catch (why) {
      return storeFailure(topic, raw, why, 1)
    }
  }

  async function storeFailure(
    topic: string,
    raw: unknown,
    why: unknown,
    attempts: number,
  ): Promise<'SUCCESS' | 'RETRY'> {
    try {
      await consumer.storeFailure(topic, raw, why, attempts)
      return 'SUCCESS'
    } catch (err) {
      log.warn(
        { err, topic, why: String(why) },
        'an event could not even be stored; it comes again',
      )
      return 'RETRY'
    }
  }

  app.use('/events/*', async function deliveredOnly(c, next) {
    if (isInvocation(c)) throw refused('forbidden', 'Events come from the broker only.')
    await next()
  })

  for (const topic of consumer.topics) {
    app.post(`/events/${topic}`, async (c) =>
      c.json({ status: await receive(topic, await c.req.json().catch(() => undefined)) }),
    )
  }

  app.post(`/events/${name}-dead-letters-v1`, async (c) => {
    const letter = unwrapped(await c.req.json().catch(() => undefined))
    return c.json({ status: await storeFailure(letter.topic, letter.event, letter.why, 0) })
  })

  app.get(`/${name}/dead-letters`, async (c) =>
    c.json({ deadLetters: await deadLetters.list(mostListed, c.req.query('replayed') === 'true') }),
  )

  app.get(`/${name}/dead-letters/:id`, async (c) => c.json(await existing(c.req.param('id'))))

  app.post(`/${name}/dead-letters/:id/replay`, async (c) => {
    const { id, topic, event } = await existing(c.req.param('id'))
    const outcome = await consumer.consume(topic, event).catch((why) => {
      throw why instanceof Refusal ? why : refused('replay-failed', String(why))
    })
    await deadLetters.markReplayed(id)
    return c.json({ id, topic, outcome })
  })

  app.post(`/${name}/dead-letters/:id/dismiss`, async (c) => {
    const { id, topic, cause, traceId } = await existing(c.req.param('id'))
    log.warn({ eventId: id, topic, cause, traceId }, 'an operator dismissed a dead letter')
    await deadLetters.forget(id)
    return c.json({ id, topic, outcome: 'dismissed' })
  })

  async function existing(id: string) {
    const letter = id.includes('\0') ? undefined : await deadLetters.find(id)
    if (!letter) throw refused('not-found', 'No such dead letter.')
    return letter
  }
}

/**
 * Decodes a message of a dead letter topic. These topics are received raw, because a message may not be a valid
 * event: the sidecar wraps each message into a new event, with the bytes in `data_base64`.
 */
function unwrapped(raw: unknown): { topic: string; event: unknown; why: unknown } {
  const { data_base64: bytes } = (raw ?? {}) as { data_base64?: unknown }
  const event = typeof bytes === 'string' ? parsed(Buffer.from(bytes, 'base64')) : raw
  const topic = (event as CloudEvent | undefined)?.type
  if (typeof topic === 'string') return { topic, event, why: 'the sidecar gave up bringing it' }
  const why = refused('malformed-event', 'This is no CloudEvent.')
  return { topic: 'unknown', event: event ?? { data_base64: bytes }, why }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
