import type { CloudEvent } from '../contract/event.ts'
import { refused } from '../core/errors.ts'
import { isPlainPath } from './plain-path.ts'

/** A call to another service. */
export type Invocation = {
  app: string
  method: string
  /** Path and query, starting with a slash. */
  path: string
  /** The route's template, for the name of the span. */
  route?: string
  headers?: Record<string, string>
  body?: string | Uint8Array
  /** Milliseconds until the call counts as a fault. */
  timeoutMs?: number
}

export type Reply = {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Uint8Array
}

export type StateEntry = { value: unknown; etag: string }

export type SaveOptions = {
  /** Saves only if the stored entry has this ETag. `null`: only if no entry exists. */
  etag?: string | null
  /** Seconds until the entry expires. */
  ttlSeconds?: number
}

/** Key-value entries shared by all instances of an app. */
export type StateStore = {
  get(key: string): Promise<StateEntry | undefined>
  /** @throws Refusal `etag-mismatch` when the entry has changed */
  save(key: string, value: unknown, options?: SaveOptions): Promise<void>
  /** @throws Refusal `etag-mismatch` when the entry has changed */
  delete(key: string, etag?: string): Promise<void>
}

/**
 * The only port from a service to the sidecar. Every adapter passes the suite in `sidecar.suite.ts`. Every method
 * throws `Fault` when the outcome is unknown.
 */
export type Sidecar = {
  /**
   * Returns the callee's response, errors included.
   * @throws Fault `unavailable` without a response, `unreachable` when the call was certainly not sent, `denied` when
   * access control forbids the call
   * @throws Refusal `invalid-request` for a path that would not arrive unchanged (see `isPlainPath`)
   */
  invoke(call: Invocation): Promise<Reply>
  /** Publishes events of one topic in order; returns the ids not accepted by the broker. */
  publish(topic: string, events: readonly CloudEvent[]): Promise<{ failed: string[] }>
  state: StateStore
  /** Returns a store other than `state`. The store may be missing: then every call is a fault. */
  store(name: string): StateStore
  secret(name: string): Promise<string>
  /** Sends through an output binding. @throws Fault after `timeoutMs` (default 10 s) */
  bind(
    binding: string,
    operation: string,
    data: unknown,
    metadata?: Record<string, string>,
    timeoutMs?: number,
  ): Promise<void>
  /** Resolves when the sidecar is ready. @throws Fault after `timeoutMs` milliseconds */
  ready(timeoutMs: number): Promise<void>
  close(): Promise<void>
}

/**
 * For adapters, before a call is sent.
 * @throws Refusal `invalid-request` for a path that a hop would interpret differently or could not transmit
 */
export function refuseAmbiguous({ app, path }: Invocation): void {
  if (!isPlainPath(path))
    throw refused('invalid-request', `${app} has no path with such characters or segments.`)
}
