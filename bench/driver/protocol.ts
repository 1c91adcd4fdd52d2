import type { StageOptions } from '@sidecart/verify/chaos/fixtures.ts'

/** Commands to the driver; the driver answers each command after completing the work. */
export type Told =
  | {
      do: 'set the stage'
      gateway: string
      signingKeys: string
      stage: StageOptions
      /** Path of the client journal. */
      record: string
    }
  | ({ do: 'drive' } & Drive)
  | { do: 'leave' }

export type Drive = {
  ordersPerSecond: number
  seconds: number
  /** Additional requests, each sent at a constant rate, for comparison with each other. */
  probes?: Probe[]
}

export type Probe = { name: string; url: string; headers: Record<string, string> }

/** Result of a drive. Latencies count from the scheduled time of a request. */
export type Driven = {
  attempted: number
  /** Number of orders not accepted, by response. */
  failures: Record<string, number>
  /** Scheduled time of each accepted order in milliseconds since 1970, by order id. */
  accepted: [orderId: string, intendedMs: number][]
  /** Encoded histograms. */
  accept: string
  browse: string
  probes: Record<string, string>
  /**
   * Greatest lateness of the driver in milliseconds, to show that the driver is not the bottleneck.
   */
  lateMs: number
  /** CPU milliseconds used by the driver. */
  driverCpuMs: number
  seconds: number
}

export type Answer = { driven: Driven } | { done: true } | { fault: string }
