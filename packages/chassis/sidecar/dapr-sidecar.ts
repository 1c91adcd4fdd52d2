import { Pool } from 'undici'
import type { CloudEvent } from '../contract/event.ts'
import { Fault, type Refusal, refused } from '../core/errors.ts'
import { withTimeout } from '../core/timeout.ts'
import { traceparent } from '../observability/telemetry.ts'
import type { Sdk } from './dapr-sdk.ts'
import { withRetry } from './invocation-retry.ts'
import {
  type Invocation,
  type Reply,
  refuseAmbiguous,
  type SaveOptions,
  type Sidecar,
  type StateEntry,
  type StateStore,
} from './sidecar.ts'
import { callTimeoutMs, exchange, send as sendRequest } from './sidecar-http.ts'
import { inCallSpan, inStateSpan } from './spans.ts'

export type DaprSidecarOptions = {
  host?: string
  httpPort: number
  grpcPort: number
  apiToken: string
  pubsub?: string
  stateStore?: string
  secretStore?: string
}

/** Dapr's status for an ETag mismatch. */
const conflict = 409
const firstWrite = 'first-write'
const cloudEvent = 'application/cloudevents+json'

/**
 * `Sidecar` on daprd. Frequent operations (calls, events, state) and secrets use plain HTTP through a keep-alive
 * pool: no SDK, no `fetch`, half the CPU. Bindings use the SDK over gRPC, loaded at the first use; all SDK errors,
 * also non-`Error` values, become `Fault`s.
 */
export function createDaprSidecar(options: DaprSidecarOptions): Sidecar {
  const {
    host = '127.0.0.1',
    pubsub = 'pubsub',
    stateStore = 'statestore',
    secretStore = 'secrets',
  } = options
  const token = { 'dapr-api-token': options.apiToken }
  const pool = new Pool(`http://${host}:${options.httpPort}`, { connections: 64, pipelining: 1 })
  let loaded: Promise<Sdk> | undefined
  function sdk(): Promise<Sdk> {
    loaded ??= import('./dapr-sdk.ts').then(({ openSdk }) =>
      openSdk(host, options.grpcPort, options.apiToken),
    )
    return loaded
  }

  async function invokeOnce(call: Invocation): Promise<Reply> {
    refuseAmbiguous(call)
    return inCallSpan(call, () => send(call))
  }

  async function send(call: Invocation): Promise<Reply> {
    try {
      const reply = await exchange(pool, call, { ...token, 'dapr-app-id': call.app })
      refuseOwnErrors(call, reply)
      refuseMadeUp(call, reply)
      return reply
    } catch (cause) {
      if (cause instanceof Fault) throw cause
      const code = neverSent.includes(codeOf({ cause }) ?? '') ? 'unreachable' : 'unavailable'
      throw new Fault(code, `${call.app} did not answer ${call.method} ${call.path}`, { cause })
    }
  }

  async function publish(
    topic: string,
    events: readonly CloudEvent[],
  ): Promise<{ failed: string[] }> {
    const doing = `publishing to ${topic}`
    // without `traceid` the sidecar would start a new trace
    const bodies = events.map((event) =>
      event.traceparent ? { ...event, traceid: event.traceparent } : event,
    )
    const [only, another] = bodies
    if (only && !another) {
      // costs the sidecar less than a list of one
      const query = only.partitionkey
        ? `?metadata.partitionKey=${encodeURIComponent(only.partitionkey)}`
        : ''
      const path = `/v1.0/publish/${pubsub}/${topic}${query}`
      const parent = only.traceparent ? { traceparent: only.traceparent } : {}
      const headers = { 'content-type': cloudEvent, ...parent }
      const { status, text } = await ask(doing, 'POST', path, only, headers)
      if (status < 300) return { failed: [] }
      throw failed(doing, status, text)
    }
    // the sidecar's own span belongs to one trace, but there is none that would fit
    const path = `/v1.0/publish/bulk/${pubsub}/${topic}`
    const entries = bodies.map((event) => ({
      entryId: event.id,
      event,
      contentType: cloudEvent,
      ...(event.partitionkey && { metadata: { partitionKey: event.partitionkey } }),
    }))
    const { status, text } = await ask(doing, 'POST', path, entries)
    if (status < 300) return { failed: [] }
    // entries not named were accepted; a response without names means all failed
    const named = (JSON.parse(text) as { failedEntries?: { entryId: string }[] }).failedEntries
    if (!named?.length) throw failed(doing, status, text)
    return { failed: named.map(({ entryId }) => entryId) }
  }

  /** Calls the sidecar's own API. @throws Fault when the sidecar does not respond */
  async function ask(
    doing: string,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) {
    const json = body !== undefined && { 'content-type': 'application/json' }
    const parent = traceparent()
    const request = {
      method,
      path,
      headers: { ...token, ...json, ...(parent && { traceparent: parent }), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    }
    const reply = await sendRequest(pool, request, callTimeoutMs).catch((error: unknown) => {
      throw fromSdk(doing, error)
    })
    const text = Buffer.from(reply.body).toString()
    return { status: reply.status, headers: reply.headers, text }
  }

  async function get(store: string, key: string): Promise<StateEntry | undefined> {
    const path = `/v1.0/state/${store}/${encodeURIComponent(key)}`
    const { status, headers, text } = await inStateSpan('get', store, () =>
      ask(`reading ${key}`, 'GET', path),
    )
    if (status === 204) return undefined
    if (status !== 200) throw failed(`reading ${key}`, status, text)
    return { value: JSON.parse(text), etag: String(headers.etag) }
  }

  async function save(
    store: string,
    key: string,
    value: unknown,
    { etag, ttlSeconds }: SaveOptions = {},
  ): Promise<void> {
    const path = `/v1.0/state/${store}`
    const entry = {
      key,
      value,
      ...(etag && { etag }),
      ...(etag !== undefined && { options: { concurrency: firstWrite } }),
      ...(ttlSeconds && { metadata: { ttlInSeconds: String(ttlSeconds) } }),
    }
    // crash point: before saving state
    const { status, text } = await inStateSpan('save', store, () =>
      ask(`saving ${key}`, 'POST', path, [entry]),
    )
    // crash point: after saving state
    if (status < 300) return
    // some stores report a lost first write with a generic error: only a read tells a conflict from a fault
    const isLost = status === conflict || (etag === null && (await get(store, key)))
    throw isLost ? changed(`saving ${key}`) : failed(`saving ${key}`, status, text)
  }

  async function remove(store: string, key: string, etag?: string): Promise<void> {
    const path = `/v1.0/state/${store}/${encodeURIComponent(key)}?concurrency=${firstWrite}`
    const given = etag === undefined ? {} : { 'if-match': etag }
    const { status, text } = await inStateSpan('delete', store, () =>
      ask(`deleting ${key}`, 'DELETE', path, undefined, given),
    )
    if (status === conflict) throw changed(`deleting ${key}`)
    if (status >= 300) throw failed(`deleting ${key}`, status, text)
  }

  async function secret(name: string): Promise<string> {
    const path = `/v1.0/secrets/${secretStore}/${encodeURIComponent(name)}`
    const { status, text } = await ask(`reading secret ${name}`, 'GET', path)
    if (status !== 200) throw new Fault('unavailable', `reading secret ${name} failed: ${status}`)
    const value = (JSON.parse(text) as Record<string, string>)[name]
    if (value === undefined) throw new Fault('unavailable', `secret ${name} is empty`)
    return value
  }

  async function bind(
    binding: string,
    operation: string,
    data: unknown,
    metadata: Record<string, string> = {},
    timeoutMs = callTimeoutMs,
  ): Promise<void> {
    // crash point: before sending to ${binding}
    const sent = (await sdk()).binding.send(binding, operation, data as object, metadata)
    await reached(`sending to ${binding}`, sent, timeoutMs)
    // crash point: after sending to ${binding}
  }

  async function ready(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!(await outboundIsHealthy())) {
      if (Date.now() > deadline)
        throw new Fault('unavailable', `no sidecar on ${host}:${options.httpPort}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async function outboundIsHealthy(): Promise<boolean> {
    try {
      const { statusCode, body } = await pool.request({
        method: 'GET',
        path: '/v1.0/healthz/outbound',
        headersTimeout: 1000,
      })
      await body.dump()
      return statusCode === 204
    } catch {
      return false
    }
  }

  async function close(): Promise<void> {
    await (await loaded)?.stop()
    await pool.close()
  }

  const invoke = withRetry(invokeOnce, callTimeoutMs)
  const store = (name: string): StateStore => ({
    get: (key) => get(name, key),
    save: (key, value, options) => save(name, key, value, options),
    delete: (key, etag) => remove(name, key, etag),
  })

  return { invoke, publish, state: store(stateStore), store, secret, bind, ready, close }
}

/**
 * Throws a `Fault` for an error made by the sidecar, not the callee: the call is forbidden (`denied`), or the callee
 * did not respond (`unavailable`). The detail text is ignored: concurrent failing calls get each other's text (see
 * `refuseMadeUp`).
 */
function refuseOwnErrors({ app, method, path }: Invocation, { status, body }: Reply): void {
  if (status < 400 || !ownError.test(Buffer.from(body.subarray(0, 200)).toString())) return
  const message = new TextDecoder().decode(body)
  throw new Fault(
    status === 403 ? 'denied' : 'unavailable',
    `${method} ${path} of ${app}: ${message}`,
  )
}

/**
 * Throws a `Fault` for an invented response: when several calls fail at the same moment because the callee died,
 * daprd 1.18 answers some with an empty 200 (a shared error variable). Every real response has a request id.
 */
function refuseMadeUp({ app, method, path }: Invocation, { status, headers, body }: Reply): void {
  if (status === 200 && body.length === 0 && headers['x-request-id'] === undefined)
    throw new Fault(
      'unavailable',
      `${method} ${path} of ${app}: an empty answer that it never gave`,
    )
}

const ownError = /^\{"errorCode":"ERR_/
/** Error codes of a call that did not reach the own sidecar. */
const neverSent: readonly unknown[] = ['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT']

/** Turns every rejection of a sidecar client into a `Fault`, and limits the wait. */
async function reached<T>(
  doing: string,
  answer: Promise<T>,
  timeoutMs = callTimeoutMs,
): Promise<T> {
  try {
    return await withTimeout(timeoutMs, doing, answer)
  } catch (error) {
    throw fromSdk(doing, error)
  }
}

function fromSdk(doing: string, error: unknown): Fault {
  if (error instanceof Fault) return error
  const cause = error instanceof Error ? error : (error as { error?: unknown })?.error
  const message = cause instanceof Error ? cause.message : String(cause)
  return new Fault('unavailable', `${doing} failed: ${message}`, { cause })
}

const failed = (doing: string, status: number, text: string): Fault =>
  new Fault('unavailable', `${doing} failed: ${status} ${text}`)
const changed = (doing: string): Refusal =>
  refused('etag-mismatch', `${doing}: the entry has changed`)
const codeOf = (error: unknown): number | string | undefined =>
  ((error as Error | undefined)?.cause as { code?: number | string } | undefined)?.code
