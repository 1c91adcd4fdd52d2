import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { CloudEvent } from '@sidecart/chassis/contract/event.ts'
import { Fault, refused } from '@sidecart/chassis/core/errors.ts'
import type { App } from '@sidecart/chassis/http/app.ts'
import {
  type Invocation,
  type Reply,
  refuseAmbiguous,
  type Sidecar,
  type StateStore,
} from '@sidecart/chassis/sidecar/sidecar.ts'

/** Injected faults, each a probability from 0 to 1. */
export type Faults = { duplicate: number; reorder: number; drop: number; lostAnswer: number }

export type MemorySidecar = Sidecar & {
  /** Apps for calls and events, by app-id. */
  apps: Map<string, App>
  /** Subscribed apps per topic. */
  subscriptions: Map<string, string[]>
  secrets: Map<string, string>
  /** Calls without checking the path, as a compromised service could. */
  invokeUnchecked: Sidecar['invoke']
  published: { topic: string; event: CloudEvent }[]
  sent: { binding: string; operation: string; data: unknown; metadata: Record<string, string> }[]
  faults: Faults
  /** While true, publishing fails: the broker is down. */
  brokerDown: boolean
  /**
   * Delivers waiting events until none are left. An event answered `RETRY` is delivered again, at most
   * `maxDeliveries` times.
   */
  settle(): Promise<void>
}

export type MemoryOptions = {
  appToken?: string
  /** Seeded random numbers from 0 to 1, for the faults. */
  random?: () => number
  now?: () => number
  maxDeliveries?: number
}

type Delivery = { app: string; topic: string; event: CloudEvent; tries: number }
type Entry = { json: string; etag: string; expiresAt: number }

/**
 * `Sidecar` in one process, for tests without daprd: apps call each other, events wait until `settle()`, and switches
 * duplicate, reorder, drop (until redelivered) and lose answers, as networks do.
 */
export function createMemorySidecar(options: MemoryOptions = {}): MemorySidecar {
  const { random = () => 1, now = Date.now, maxDeliveries = 10, appToken } = options
  const entries = new Map<string, Entry>()
  let queue: Delivery[] = []
  let etags = 0
  const happens = (probability: number) => random() < probability

  async function invoke(call: Invocation): Promise<Reply> {
    refuseAmbiguous(call)
    return invokeUnchecked(call)
  }

  function invokeUnchecked(call: Invocation): Promise<Reply> {
    return send({ ...call, headers: { ...call.headers, 'dapr-caller-app-id': 'memory' } })
  }

  async function send(call: Invocation): Promise<Reply> {
    const app = sidecar.apps.get(call.app)
    if (!app) throw new Fault('unreachable', `${call.app} is not running`)
    if (happens(sidecar.faults.drop)) throw new Fault('unreachable', `${call.app} was not reached`)
    const path = asBrought(call)
    const request = {
      method: call.method,
      headers: { ...call.headers, ...(appToken && { 'dapr-api-token': appToken }) },
      body: (call.body as string | undefined) ?? null,
    }
    const answer = await app.request(path, request, { incoming: { url: path, socket: {} } })
    if (happens(sidecar.faults.lostAnswer))
      throw new Fault('unavailable', `the answer of ${call.app} was lost`)
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: new Uint8Array(await answer.arrayBuffer()),
    }
  }

  async function publish(
    topic: string,
    events: readonly CloudEvent[],
  ): Promise<{ failed: string[] }> {
    if (sidecar.brokerDown) throw new Fault('unavailable', 'the broker is down')
    for (const event of events) {
      sidecar.published.push({ topic, event })
      const copies = happens(sidecar.faults.duplicate) ? 2 : 1
      for (const app of sidecar.subscriptions.get(topic) ?? []) {
        for (let copy = 0; copy < copies; copy++) enqueue({ app, topic, event, tries: 0 })
      }
    }
    return { failed: [] }
  }

  function enqueue(delivery: Delivery): void {
    if (happens(sidecar.faults.reorder))
      queue.splice(Math.floor(random() * (queue.length + 1)), 0, delivery)
    else queue.push(delivery)
  }

  async function settle(): Promise<void> {
    while (queue.length > 0) {
      const waiting = queue
      queue = []
      for (const delivery of waiting) await deliver(delivery)
    }
  }

  async function deliver({ app, topic, event, tries }: Delivery): Promise<void> {
    const again = { app, topic, event, tries: tries + 1 }
    const body = JSON.stringify({ ...event, topic })
    const call = {
      app,
      method: 'POST',
      path: `/events/${topic}`,
      headers: { 'content-type': 'application/cloudevents+json' },
      body,
    }
    const status = await send(call).then(statusOf, () => 'RETRY')
    if (status !== 'RETRY') return
    if (again.tries < maxDeliveries) enqueue(again)
    else await send({ ...call, path: `/events/${app}-dead-letters-v1` })
  }

  function live(key: string): Entry | undefined {
    const entry = entries.get(key)
    if (entry && entry.expiresAt > now()) return entry
    entries.delete(key)
    return undefined
  }

  function guard(key: string, etag: string | null | undefined): void {
    if (etag === undefined) return
    if ((live(key)?.etag ?? null) !== etag) throw refused('etag-mismatch', `${key} has changed`)
  }

  const store = (name: string): StateStore => ({
    async get(key) {
      const entry = live(`${name}||${key}`)
      return entry && { value: JSON.parse(entry.json), etag: entry.etag }
    },
    async save(key, value, { etag, ttlSeconds = Number.POSITIVE_INFINITY } = {}) {
      guard(`${name}||${key}`, etag)
      const json = JSON.stringify(value)
      etags += 1
      const next = createHash('sha1').update(`${etags}:${json}`).digest('hex').slice(0, 8)
      entries.set(`${name}||${key}`, { json, etag: next, expiresAt: now() + ttlSeconds * 1000 })
    },
    async delete(key, etag) {
      guard(`${name}||${key}`, etag)
      entries.delete(`${name}||${key}`)
    },
  })

  const sidecar: MemorySidecar = {
    apps: new Map(),
    subscriptions: new Map(),
    secrets: new Map(),
    published: [],
    sent: [],
    faults: { duplicate: 0, reorder: 0, drop: 0, lostAnswer: 0 },
    brokerDown: false,
    invoke,
    invokeUnchecked,
    publish,
    state: store('statestore'),
    store,
    settle,
    async secret(name) {
      const value = sidecar.secrets.get(name)
      if (value === undefined) throw new Fault('unavailable', `no secret ${name}`)
      return value
    },
    async bind(binding, operation, data, metadata = {}) {
      sidecar.sent.push({ binding, operation, data, metadata })
    },
    async ready() {},
    async close() {},
  }
  return sidecar
}

/**
 * Returns the path as received by the callee: the sidecar decodes the path once, refuses some characters, cleans the
 * segments, and encodes characters not allowed in a URL; a doubly encoded character stays encoded once.
 * @throws Fault `unavailable`, as for every error made by the sidecar
 */
function asBrought({ app, method, path }: Invocation): string {
  const [encoded = '', ...query] = path.split('?')
  const text = unescaped(encoded)
  if (text === undefined || /[#?\p{Cc}]/u.test(text))
    throw new Fault('unavailable', `${method} ${path} of ${app}: invalid method`)
  const cleaned = posix.normalize(text).replace(/(?<=.)\/$/, '')
  // a valid path is sent unchanged
  const brought = /^[\w\-.~!$&'()*+,;=:@/[\]%]*$/.test(cleaned) ? cleaned : encodeURI(cleaned)
  return [brought, ...query].join('?')
}

function unescaped(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

const statusOf = ({ status, body }: Reply): string => {
  if (status === 404) return 'DROP'
  if (status >= 300) return 'RETRY'
  return (
    (JSON.parse(new TextDecoder().decode(body) || '{}') as { status?: string }).status ?? 'SUCCESS'
  )
}
