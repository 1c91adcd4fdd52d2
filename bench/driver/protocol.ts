import type { StageOptions } from '@sidecart/verify/chaos/fixtures.ts'

/** What the driver is told; each order is answered once it is done. */
export type Told =
  | {
      do: 'set the stage'
      gateway: string
      operator: { email: string; password: string }
      stage: StageOptions
      /** Where what is asked and answered is written down. */
      record: string
    }
  | ({ do: 'drive' } & Drive)
  | { do: 'leave' }

export type Drive = {
  ordersPerSecond: number
  seconds: number
  /** Requests that are sent besides, each so often a second, to be compared with each other. */
  probes?: Probe[]
}

export type Probe = { name: string; url: string; headers: Record<string, string> }

/** What became of a drive. Latencies are from the moment at which a request should have been sent. */
export type Driven = {
  attempted: number
  /** Orders that were not accepted, by what came instead. */
  failures: Record<string, number>
  /** When each accepted order should have been sent, in milliseconds since 1970, by its id. */
  accepted: [orderId: string, intendedMs: number][]
  /** Encoded histograms. */
  accept: string
  browse: string
  probes: Record<string, string>
  /** How late the driver itself was at most: it must not be the bottleneck. */
  lateMs: number
  /** CPU that the driver used. */
  driverCpuMs: number
  seconds: number
}

export type Answer = { driven: Driven } | { done: true } | { fault: string }
