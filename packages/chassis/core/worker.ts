import type { Log } from '../observability/log.ts'

export type Worker = {
  start(): void
  /** Starts a round now instead of at the next poll. */
  wake(): void
  /** Waits for the current round and starts no further one. */
  stop(): Promise<void>
}

export type WorkerOptions = {
  name: string
  log: Log
  /** Milliseconds between polls while idle. */
  pollMs: number
  /** Runs one round; returns whether more work is waiting. */
  work: () => Promise<boolean>
}

const longestPauseMs = 5_000

/**
 * Creates a loop that runs a round when woken or when a poll is due. After a failed round the loop backs off
 * (doubling, up to 5 s), even if woken.
 */
export function createWorker({ name, log, pollMs, work }: WorkerOptions): Worker {
  let stopping = false
  let woken = false
  /** Consecutive failed rounds. */
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
