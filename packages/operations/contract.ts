/*
 * Types of the operations API, which only operators may use. The operations console in `web/` imports the same types.
 */

/** A process and its state in the supervisor. */
export type Process = {
  name: string
  phase: string
  ready: boolean
  restarts: number
  rssMb?: number
  uptimeSeconds?: number
}

export type Instance = { app: Process; sidecar?: Process }

/** Rates of a service over the last seconds; undefined until the second measurement. */
export type Rates = {
  requestsPerSecond: number
  /** Share of requests answered 5xx. */
  errorShare: number
  p99Ms?: number
  /** Events published to the broker and events consumed, per second. */
  publishedPerSecond: number
  consumedPerSecond: number
}

export type ServiceNode = {
  name: string
  instances: Instance[]
  /** The database whose password the service's configuration allows its app to read. */
  database?: string
  rates?: Rates
  outbox?: { depth: number; oldestSeconds: number }
}

/** Allowed calls between two services, from the callee's access list. */
export type CallEdge = {
  from: string
  to: string
  operations: { path: string; verbs: string[] }[]
}

/** Topics that one service consumes from another, from the subscriptions loaded by the sidecars. */
export type EventEdge = { from: string; to: string; topics: string[] }

export type ShopMap = {
  services: ServiceNode[]
  servers: Process[]
  /** The server of the event broker; undefined when the broker runs elsewhere. */
  broker?: string
  calls: CallEdge[]
  events: EventEdge[]
  /** Configuration files changed after the start of the sidecar that loaded them. */
  outdated: string[]
}

export type CheckResult = { name: string; ok: boolean; detail: string; violations: string[] }

/** The latest result of `verify`. */
export type Invariants = {
  running: boolean
  last?: { at: string; tookMs: number; ok: boolean; inMotion: number; checks: CheckResult[] }
  /** The reason why the latest check failed to run. */
  failed?: string
  /** Seconds between two checks while a console is open. */
  everySeconds: number
}

export type Deed = 'kill' | 'stop' | 'slow' | 'cut' | 'decline' | 'away'
export type FaultKind = { does: Deed; means: string; targets: string[]; lasts: boolean }
export type ActiveFault = {
  id: string
  does: Deed
  target: string
  since: string
  /** The user id of the operator who ordered the fault. */
  orderedBy?: string
}
export type Faults = {
  /** True when the shop was started with `--chaos`. */
  allowed: boolean
  kinds: FaultKind[]
  active: ActiveFault[]
}

export type SetReport = {
  kind: string
  chosen: string
  others: string[]
  capabilities: { name: string; means: string; lacks?: string }[]
}

/** Components loaded by the sidecars, from the files in their resource folders. */
export type Components = {
  sets: SetReport[]
  components: { name: string; type: string; version: string; apps: string[] }[]
}

/** Log lines about an order, and the entries of the payment provider. */
export type OrderLog = {
  /** Address of the trace viewer, to which the id of a trace is added; missing: no traces are kept. */
  traces?: string
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
