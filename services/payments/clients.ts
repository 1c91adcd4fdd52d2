import { SpanKind } from '@opentelemetry/api'
import { Fault } from '@sidecart/chassis/core/errors.ts'
import { withAbortSignal } from '@sidecart/chassis/core/timeout.ts'
import { Counter, registry } from '@sidecart/chassis/observability/metrics.ts'
import {
  describeReply,
  inChildSpan,
  traceparent,
} from '@sidecart/chassis/observability/telemetry.ts'
import { Pool } from 'undici'
import { z } from 'zod'
import type { Provider } from './ports.ts'

const Charge = z.discriminatedUnion('status', [
  z.object({ status: z.literal('captured'), id: z.string().min(1) }),
  z.object({ status: z.literal('declined'), declineCode: z.string().min(1) }),
])
const Refund = z.object({ status: z.literal('refunded'), id: z.string().min(1) })
const Refunds = z.object({
  refunds: z.array(
    z.object({
      id: z.string().min(1),
      amount: z.int().min(1),
      currency: z.literal('EUR'),
      reference: z.string().optional(),
    }),
  ),
})
const Refused = z.object({ error: z.object({ code: z.string().min(1) }) })

const asked = new Counter({
  name: 'payments_provider_requests_total',
  help: 'Requests to the payment provider, by HTTP status (none: it did not answer)',
  labelNames: ['operation', 'status'] as const,
  registers: [registry],
})

const operationOf = (path: string) => path.slice(path.lastIndexOf('/') + 1).replace(/\?.*$/, '')

/**
 * Client of the payment provider over HTTP. A response is a decision: captured, declined, or a card never accepted
 * (422). Every other result, from a time-out to an unreadable response, is a fault.
 *
 * @param timeoutMs milliseconds until a request without a response is a fault
 */
export function createProvider(options: {
  url: string
  apiKey: string
  timeoutMs?: number
}): Provider & { close(): Promise<void> } {
  const { url, apiKey, timeoutMs = 3_000 } = options
  const pool = new Pool(url, { connections: 64, pipelining: 1 })

  async function exchange(path: string, key: string, body: unknown, signal: AbortSignal) {
    const operation = operationOf(path)
    const parent = traceparent()
    // crash point: before the provider is asked for ${operation}
    const answer = await pool.request({
      method: 'POST',
      path,
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': key,
        ...(parent && { traceparent: parent }),
      },
      body: JSON.stringify(body),
      signal,
    })
    const payload: unknown = await answer.body.json()
    // crash point: after the provider was asked for ${operation}
    asked.inc({ operation, status: String(answer.statusCode) })
    return { status: answer.statusCode, payload }
  }

  const post = (path: string, key: string, body: unknown) =>
    inProviderSpan('POST', path, () =>
      answered(`POST ${path}`, path, (signal) => exchange(path, key, body, signal)),
    )

  const get = (path: string) =>
    inProviderSpan('GET', path, () =>
      answered(`GET ${path}`, path, async (signal) => {
        const headers = { authorization: `Bearer ${apiKey}` }
        const answer = await pool.request({ method: 'GET', path, headers, signal })
        return { status: answer.statusCode, payload: (await answer.body.json()) as unknown }
      }),
    )

  async function answered<T>(what: string, path: string, ask: (signal: AbortSignal) => Promise<T>) {
    try {
      return await withAbortSignal(timeoutMs, ask)
    } catch (cause) {
      asked.inc({ operation: operationOf(path), status: 'none' })
      throw new Fault('provider-unavailable', `The provider did not answer ${what}.`, { cause })
    }
  }

  return {
    async charge(key, { amount, card, reference }) {
      const { status, payload } = await post('/v1/charges', key, { ...amount, card, reference })
      if (status === 422) return { outcome: 'declined', code: read(Refused, payload).error.code }
      if (status !== 200) throw unexpected('charge', status, payload)
      const charge = read(Charge, payload)
      return charge.status === 'captured'
        ? { outcome: 'captured', reference: charge.id }
        : { outcome: 'declined', code: charge.declineCode }
    },
    async refund(key, { charge, amount, ourId }) {
      const body = { charge, amount: amount.amount, reference: ourId }
      const { status, payload } = await post('/v1/refunds', key, body)
      if (status === 422 && read(Refused, payload).error.code === 'more-than-captured')
        return { outcome: 'more-than-captured' }
      if (status !== 200) throw unexpected('refund', status, payload)
      return { outcome: 'refunded', reference: read(Refund, payload).id }
    },
    async refundsOf(charge) {
      const { status, payload } = await get(`/v1/refunds?charge=${encodeURIComponent(charge)}`)
      if (status !== 200) throw unexpected('question about refunds', status, payload)
      return read(Refunds, payload).refunds.map(({ id, amount, currency, reference }) => ({
        reference: id,
        amount: { amount, currency },
        ourId: reference,
      }))
    },
    close: () => pool.close(),
  }
}

/** Runs a request to the provider in a client span, named by the path without its query. */
function inProviderSpan<T extends { status: number }>(
  method: string,
  path: string,
  ask: () => Promise<T>,
): Promise<T> {
  const route = path.replace(/\?.*$/, '')
  const attributes = {
    'http.request.method': method,
    'url.template': route,
    'service.peer.name': 'payment-provider',
  }
  return inChildSpan(`${method} ${route}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    const answer = await ask()
    if (span) describeReply(span, answer.status)
    return answer
  })
}

function read<S extends z.ZodType>(schema: S, payload: unknown): z.output<S> {
  const result = schema.safeParse(payload)
  if (result.success) return result.data
  throw new Fault(
    'provider-unavailable',
    `The provider's answer cannot be read: ${result.error.message}`,
  )
}

const unexpected = (what: string, status: number, payload: unknown): Fault =>
  new Fault(
    'provider-unavailable',
    `The provider answered a ${what} with ${status}: ${JSON.stringify(payload)}`,
  )
