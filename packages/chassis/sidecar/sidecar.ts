import type { CloudEvent } from '../contract/event.ts'
import { refused } from '../core/errors.ts'
import { isPlainPath } from './plain-path.ts'

/** A call to another service. */
export type Invocation = {
  app: string
  method: string
  /** Path and query, starting with a slash. */
  path: string
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
  /** Save only when the stored entry still has this ETag. `null`: only when there is no entry yet. */
  etag?: string | null
  /** Seconds until the entry expires. */
  ttlSeconds?: number
}

/** Entries that all instances of an app share. */
export type StateStore = {
  get(key: string): Promise<StateEntry | undefined>
  /** @throws Refusal `etag-mismatch` when the entry has changed */
  save(key: string, value: unknown, options?: SaveOptions): Promise<void>
  /** @throws Refusal `etag-mismatch` when the entry has changed */
  delete(key: string, etag?: string): Promise<void>
}

/**
 * The one port through which a service reaches its sidecar. Every adapter passes the suite in
 * `sidecar.suite.ts`. Every method throws `Fault` when the outcome is not known.
 */
export type Sidecar = {
  /**
   * Returns whatever the callee answered, errors included.
   * @throws Fault `unavailable` when there was no answer, `unreachable` when the call was certainly not sent,
   * `denied` when this service may not make it
   * @throws Refusal `invalid-request` for a path that would not arrive as it is (see `isPlainPath`)
   */
  invoke(call: Invocation): Promise<Reply>
  /** Publishes events of one topic in order; answers the ids that were not accepted. */
  publish(topic: string, events: readonly CloudEvent[]): Promise<{ failed: string[] }>
  state: StateStore
  /** Another store than `state`, which need not be there: then every call is a fault. */
  store(name: string): StateStore
  secret(name: string): Promise<string>
  /** Sends through an output binding; a fault when it takes longer than `timeoutMs` (10 s unless told). */
  bind(
    binding: string,
    operation: string,
    data: unknown,
    metadata?: Record<string, string>,
    timeoutMs?: number,
  ): Promise<void>
  /** Resolves when the sidecar can be used; throws `Fault` after `timeoutMs` milliseconds. */
  ready(timeoutMs: number): Promise<void>
  close(): Promise<void>
}

/**
 * For adapters, before a call is sent.
 * @throws Refusal `invalid-request` for a path that the hops on its way would read differently, or not carry at all
 */
export function refuseAmbiguous({ app, path }: Invocation): void {
  if (!isPlainPath(path))
    throw refused('invalid-request', `${app} has no path with such characters or segments.`)
}
