import type { CloudEvent } from '../contract/event.ts'
import { Refusal, refused } from '../core/errors.ts'
import { type App, isInvocation } from '../http/app.ts'
import { watchDeadLetters } from '../observability/metrics.ts'
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
 * Mounts `POST /events/<topic>` for every handler. What was handled, or handled before, is done. What failed is put
 * aside in the service's own store: malformed or refused, as a dead letter; after a fault, to be tried again by
 * `createRetryWorker`, so that the events behind it need not wait. All of that is `SUCCESS` to Dapr. Only an event that
 * cannot even be stored is `RETRY`, until the sidecar gives up and sends it to `<name>-dead-letters-v1`, from
 * where it is stored later.
 * Operators list, replay and dismiss at `/<name>/dead-letters`; replay goes through the same handler and inbox. A letter
 * that was replayed or dismissed is kept with the operator's id, and listed with `?replayed=true`.
 */
export function mountConsumer<T>(app: App, options: ConsumerOptions<T>): void {
  const { name, deadLetters, log } = options
  const consumer = createConsumer(options)
  watchDeadLetters(deadLetters.count)

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
    await deadLetters.markHandled(id, 'replayed', c.get('identity')?.userId)
    return c.json({ id, topic, outcome })
  })

  app.post(`/${name}/dead-letters/:id/dismiss`, async (c) => {
    const { id, topic, cause, traceId } = await existing(c.req.param('id'))
    const userId = c.get('identity')?.userId
    log.warn({ eventId: id, topic, cause, traceId, userId }, 'an operator dismissed a dead letter')
    await deadLetters.markHandled(id, 'dismissed', userId)
    return c.json({ id, topic, outcome: 'dismissed' })
  })

  async function existing(id: string) {
    const letter = id.includes('\0') ? undefined : await deadLetters.find(id)
    if (!letter || letter.dismissedAt) throw refused('not-found', 'No such dead letter.')
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
