import type { Log } from '../observability/log.ts'

export type Worker = {
  start(): void
  /** Looks for work now instead of at the next poll. */
  wake(): void
  /** Lets the round at hand finish and starts no other. */
  stop(): Promise<void>
}

export type WorkerOptions = {
  name: string
  log: Log
  /** Milliseconds between looks when there is nothing to do. */
  pollMs: number
  /** One round; answers whether there is more to do at once. */
  work: () => Promise<boolean>
}

const longestPauseMs = 5_000

/** A loop that works when woken or when its poll is due. While rounds fail it backs off (doubling, to 5 s), woken or not. */
export function createWorker({ name, log, pollMs, work }: WorkerOptions): Worker {
  let stopping = false
  let woken = false
  /** Rounds that failed since the last good one. */
  let failures = 0
  let running: Promise<void> | undefined
  let endPause = () => {}

  async function loop(): Promise<void> {
    while (!stopping) {
      woken = false
      try {
        if (await work()) woken = true
        failures = 0
      } catch (err) {
        failures += 1
        log.warn({ err, failures }, `${name} failed; it will try again`)
      }
      if (stopping) return
      if (failures > 0) await pause(Math.min(100 * 2 ** failures, longestPauseMs))
      else if (!woken) await pause(pollMs)
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  function wake(): void {
    woken = true
    if (failures === 0) endPause()
  }

  return {
    start: () => {
      running ??= loop()
    },
    wake,
    stop: async () => {
      stopping = true
      endPause()
      await running
    },
  }
}
