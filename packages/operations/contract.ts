/*
 * What the desk answers: the shop as only those who run it see it. The operations console in `web/` reads the same
 * types.
 */

/** One process and what the supervisor knows of it. */
export type Process = {
  name: string
  phase: string
  ready: boolean
  restarts: number
  rssMb?: number
  uptimeSeconds?: number
}

export type Instance = { app: Process; sidecar?: Process }

/** What a service did in the last seconds; nothing is known before the second look. */
export type Rates = {
  requestsPerSecond: number
  /** Of the requests: answered 5xx. */
  errorShare: number
  p99Ms?: number
  /** Events handed to the broker, and events received. */
  publishedPerSecond: number
  consumedPerSecond: number
}

export type ServiceNode = {
  name: string
  instances: Instance[]
  /** The database that its configuration lets it have the password of. */
  database?: string
  rates?: Rates
  outbox?: { depth: number; oldestSeconds: number }
}

/** Who may call whom, by the access control of the callee. */
export type CallEdge = {
  from: string
  to: string
  operations: { path: string; verbs: string[] }[]
}

/** Who receives which topics of whom, by what the sidecars have loaded. */
export type EventEdge = { from: string; to: string; topics: string[] }

export type ShopMap = {
  services: ServiceNode[]
  servers: Process[]
  /** The server that carries the events; none: it runs elsewhere. */
  broker?: string
  calls: CallEdge[]
  events: EventEdge[]
  /** Configuration files that were changed after the sidecar that has loaded them was started. */
  outdated: string[]
}

export type CheckResult = { name: string; ok: boolean; detail: string; violations: string[] }

/** The last look at the books. */
export type Invariants = {
  running: boolean
  last?: { at: string; tookMs: number; ok: boolean; inMotion: number; checks: CheckResult[] }
  /** Why the last look came to nothing. */
  failed?: string
  /** Seconds between two looks while a console is open. */
  everySeconds: number
}

export type Deed = 'kill' | 'stop' | 'slow' | 'cut' | 'decline' | 'away'
export type FaultKind = { does: Deed; says: string; targets: string[]; lasts: boolean }
export type ActiveFault = { id: string; does: Deed; target: string; since: string }
export type Faults = {
  /** Started with `--chaos`. */
  allowed: boolean
  kinds: FaultKind[]
  active: ActiveFault[]
}

export type SetReport = {
  kind: string
  chosen: string
  others: string[]
  capabilities: { name: string; says: string; lacks?: string }[]
}

/** What is loaded into the sidecars, by the resources in their folders. */
export type Components = {
  sets: SetReport[]
  components: { name: string; type: string; version: string; apps: string[] }[]
}

/** What logs and the payment provider's own book say about an order. */
export type OrderLog = {
  logs: {
    at: string
    service: string
    level: string
    message: string
    traceId?: string
    attempts?: number
    cause?: string
  }[]
  provider: { at: string; effect: string; detail?: string; amount?: number }[]
}
