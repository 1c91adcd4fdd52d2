import { timingSafeEqual } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { v7 as uuid } from 'uuid'
import { z } from 'zod'
import {
  ChargeBody,
  type Charges,
  createCharges,
  declined,
  type Effect,
  RefundBody,
} from './charges.ts'
import { createFaults, FaultsBody } from './faults.ts'
import type { EffectLog } from './log.ts'

export type SandboxOptions = {
  log: EffectLog
  apiKey: string
  /** Milliseconds until `card_slow` is answered. */
  slowMs?: number
  /** Milliseconds for which an unanswered request keeps its connection. */
  holdMs?: number
}

type Env = { Bindings: HttpBindings }
type Status = 400 | 401 | 404 | 409 | 422 | 500 | 503

const maxBodyBytes = 16 * 1024
const LogQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(5_000).default(1_000),
})

/**
 * Creates a payment provider with cards that fail on purpose. The first request with an idempotency key decides;
 * later ones get the same answer; every effect is on disk before the response. `POST /v1/faults` injects faults into
 * the next requests.
 */
export function createSandbox({ log, apiKey, slowMs = 2_000, holdMs = 30_000 }: SandboxOptions) {
  const charges: Charges = createCharges()
  for (const entry of log.entries) charges.apply(entry)
  const app = new Hono<Env>()
  const faults = createFaults()
  const copies = new WeakSet<Request>()
  const declining = new WeakSet<Request>()

  /**
   * Applies the effect at once, so that a concurrent request with the same key sees the effect, then writes the log.
   */
  async function record(effect: Effect): Promise<Effect> {
    charges.apply(effect)
    // crash point: before writing ${effect.effect}
    await log.append(effect)
    // crash point: after writing ${effect.effect}
    return effect
  }

  app.onError((error, c) => {
    process.stderr.write(`${error.stack}\n`)
    return c.json({ error: { code: 'internal' } }, 500)
  })
  app.notFound((c) => refuse(c, 404, 'not-found'))
  app.get('/healthz', (c) => c.json({ status: 'alive' }))
  app.use('/v1/*', async (c, next) => {
    if (!same(c.req.header('authorization') ?? '', `Bearer ${apiKey}`))
      return refuse(c, 401, 'unauthenticated')
    await next()
  })
  app.use('/v1/*', bodyLimit({ maxSize: maxBodyBytes }))

  app.post('/v1/faults', async (c) => {
    const body = FaultsBody.safeParse(await c.req.json().catch(() => undefined))
    if (!body.success) return refuse(c, 400, 'invalid-request')
    faults.plan(body.data)
    return c.json(body.data)
  })

  app.on('POST', ['/v1/charges', '/v1/refunds'], async (c, next) => {
    const fault = copies.has(c.req.raw) ? undefined : faults.take()
    if (fault === 'away') return refuse(c, 503, 'unavailable')
    if (fault === 'twice') void repeat(c)
    if (fault === 'decline') declining.add(c.req.raw)
    await next()
    if (fault === 'silent') return neverAnswer(c, holdMs)
    if (fault === 'broken') c.res = refuse(c, 500, 'internal')
  })

  /** Handles a request a second time, like a proxy that lost the response. */
  async function repeat(c: Context<Env>): Promise<void> {
    const { url, method, headers } = c.req.raw
    const copy = new Request(url, { method, headers, body: await c.req.text() })
    copies.add(copy)
    await app.fetch(copy, c.env)
  }

  app.post('/v1/charges', async (c) => {
    const key = c.req.header('idempotency-key')
    const body = ChargeBody.safeParse(await c.req.json().catch(() => undefined))
    if (!key || !body.success) return refuse(c, 400, 'invalid-request')
    const asked = charges.charge(key, body.data, `ch_${uuid()}`)
    const done = await record(declining.has(c.req.raw) ? declined(asked) : asked)
    if (done.effect === 'failed') return refuse(c, done.status as Status, done.code)
    if (done.effect === 'captured' && done.card === 'card_slow') await wait(slowMs)
    if (done.effect === 'captured' && done.card === 'card_timeout_after_charge')
      return neverAnswer(c, holdMs)
    return c.json(charges.chargeOf(key))
  })

  app.post('/v1/refunds', async (c) => {
    const key = c.req.header('idempotency-key')
    const body = RefundBody.safeParse(await c.req.json().catch(() => undefined))
    if (!key || !body.success) return refuse(c, 400, 'invalid-request')
    const done = await record(charges.refund(key, body.data, `re_${uuid()}`))
    if (done.effect === 'failed') return refuse(c, done.status as Status, done.code)
    return c.json(charges.refundOf(key))
  })

  app.get('/v1/charges', (c) => {
    const found = charges.chargeOf(c.req.query('idempotencyKey') ?? '')
    return c.json({ charges: found ? [found] : [] })
  })

  app.get('/v1/refunds', (c) => c.json({ refunds: charges.refundsOf(c.req.query('charge') ?? '') }))

  app.get('/v1/log', async (c) => {
    const query = LogQuery.safeParse(c.req.query())
    if (!query.success) return refuse(c, 400, 'invalid-request')
    return c.json({ entries: await log.read(query.data.after, query.data.limit) })
  })

  return app
}

const refuse = (c: Context, status: Status, code: string) => c.json({ error: { code } }, status)

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref())

/** Keeps the connection open without a response for `holdMs` milliseconds, then closes the connection. */
async function neverAnswer(c: Context<Env>, holdMs: number): Promise<Response> {
  const { socket } = c.env.incoming
  const timer = setTimeout(() => socket.destroy(), holdMs)
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve))
  clearTimeout(timer)
  return RESPONSE_ALREADY_SENT
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
