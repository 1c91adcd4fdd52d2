import { setTimeout as sleep } from 'node:timers/promises'
import { refused } from '@sidecart/chassis/core/errors.ts'
import type { AppEnv } from '@sidecart/chassis/http/app.ts'
import { callService } from '@sidecart/chassis/sidecar/service-client.ts'
import { type OrderView, ordersRoutes } from '@sidecart/orders/contract.ts'
import type { Context } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import type { OwnRoutes } from './app.ts'

export type OrderEventsOptions = {
  /** Reads the order as visible to the caller. @throws Refusal or Fault when the order cannot be read */
  ask: (c: Context<AppEnv>) => Promise<OrderView>
  /** Maximum open streams; further clients get 503 and have to poll. */
  maxListeners: number
  /** Maximum open streams per person; further ones get 429. */
  maxPerPerson?: number
  /** Ends every stream when the gateway stops. */
  stopping?: AbortSignal | undefined
}

const last = ['delivered', 'cancelled', 'refunded']
/** States that end only by a person: the carrier, an operator. */
const resting = ['confirmed', 'shipped', 'needs_attention']
const soonMs = 250
const laterMs = 3_000
/**
 * Maximum duration of a stream. Service invocation has no streams and proxies cut long ones, so clients must
 * reconnect anyway.
 */
const longestMs = 5 * 60_000

/**
 * Server-sent events of one order: an `order` event at once and after every change, until the final state. A fault
 * ends the stream; the client reconnects.
 */
export function createOrderEvents(options: OrderEventsOptions) {
  const { ask, maxListeners, maxPerPerson = 12, stopping } = options
  const perPerson = new Map<string, number>()
  let listeners = 0

  async function follow(c: Context<AppEnv>, stream: SSEStreamingApi, now: OrderView) {
    const endsAt = Date.now() + longestMs
    for (let order = now, sent = -1; ; order = await ask(c)) {
      const { version, status } = order
      if (version === sent) await stream.write(': no news\n\n')
      else await stream.writeSSE({ event: 'order', data: JSON.stringify(order) })
      sent = version
      if (last.includes(status) || stream.aborted || Date.now() > endsAt) return
      const pauseMs = resting.includes(status) ? laterMs : soonMs
      await sleep(pauseMs, undefined, stopping && { signal: stopping })
    }
  }

  return async function orderEvents(c: Context<AppEnv>): Promise<Response> {
    if (listeners >= maxListeners)
      throw refused('overloaded', 'Too many are following their orders; ask again now and then.', {
        retryAfterSeconds: 5,
      })
    const order = await ask(c)
    const { userId } = c.get('identity')
    const own = perPerson.get(userId) ?? 0
    if (own >= maxPerPerson)
      throw refused('too-many-requests', `You follow ${own} orders already.`, {
        retryAfterSeconds: 5,
      })
    listeners += 1
    perPerson.set(userId, own + 1)
    // NGINX and proxies made of it pass each event on at once
    c.header('x-accel-buffering', 'no')
    const answer = streamSSE(c, async (stream) => {
      try {
        await follow(c, stream, order)
      } catch {
        // the client sees the stream end
      } finally {
        listeners -= 1
        const left = (perPerson.get(userId) ?? 1) - 1
        if (left > 0) perPerson.set(userId, left)
        else perPerson.delete(userId)
      }
    })
    answer.headers.set('content-type', 'text/event-stream; charset=utf-8')
    return answer
  }
}

/** `GET /orders/{orderId}/events`. */
export const orderEventRoutes: OwnRoutes = (app, { sidecar, maxInFlight, stopping, admitted }) => {
  function ask(c: Context<AppEnv>): Promise<OrderView> {
    const params = { orderId: c.req.param('orderId') ?? '' }
    const { authorization } = c.req.header()
    const headers = authorization === undefined ? {} : { authorization }
    return admitted(c, () =>
      callService(sidecar, 'orders', ordersRoutes.get, { params }, { headers }),
    )
  }
  app.get(
    '/orders/:orderId/events',
    createOrderEvents({ maxListeners: maxInFlight, stopping, ask }),
  )
}
