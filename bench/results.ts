/** One steady load and what came of it. */
export type Step = {
  /** `rung`: to find the sustainable rate. `equal`: at the same rate for every contender. `loaded`: at 60 % of its own. `light`: at 40 %. */
  purpose: 'warm-up' | 'rung' | 'equal' | 'loaded' | 'light'
  /** Orders that were sent a second. */
  rate: number
  seconds: number
  attempted: number
  accepted: number
  completed: number
  failures: Record<string, number>
  /** From the last request until nothing was left to do. */
  drainSeconds: number
  /** Completed orders a second, the time to drain included. */
  ordersPerSecond: number
  /** Whether the rate was kept up, and why not. */
  kept: boolean
  why?: string
  /** CPU in milliseconds by program, until nothing was left to do. */
  cpuMs: Record<string, number>
  /** Encoded histograms, from the intended moment of sending: until accepted, until confirmed; product pages. */
  accept: string
  complete: string
  browse: string
  probes: Record<string, string>
  driver: { lateMs: number; cpuMs: number }
}

/** What one order takes, whatever the machine; from orders placed one at a time. */
export type PerOrder = {
  /** Messages between processes, answers not counted. */
  hops: number
  calls: number
  published: number
  received: number
  /** Events that the broker stored, and copies of them that it brought. */
  messages: number
  commits: number
  statements: number
  walBytes: number
}

/** One contender, from fresh databases to `verify`. */
export type Block = {
  contender: string
  at: string
  readyMs: number
  /** Memory by program, before the first order and after the last. */
  idlePssMb: Record<string, number>
  pssMb: Record<string, number>
  /** CPU in milliseconds a second with nothing to do, by program. */
  idleCpuMs: Record<string, number>
  perOrder: PerOrder
  steps: Step[]
  /** What `verify` found wrong; such a block is void. */
  violations: string[]
}

export type Results = {
  command: string
  quick: boolean
  machine: Record<string, string | number>
  versions: Record<string, string>
  commit: string
  blocks: Block[]
  /** Blocks that came to no end, and why. */
  failed: string[]
}
