import type { Log } from './log.ts'

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

/** A loop that works when woken or when its poll is due, and backs off (doubling, to 5 s) while rounds fail. */
export function createWorker({ name, log, pollMs, work }: WorkerOptions): Worker {
  let stopping = false
  let woken = false
  let running: Promise<void> | undefined
  let endPause = () => {}

  async function loop(): Promise<void> {
    for (let failures = 0; !stopping; ) {
      woken = false
      try {
        if (await work()) woken = true
        failures = 0
      } catch (err) {
        failures += 1
        woken = false
        log.warn({ err, failures }, `${name} failed; it will try again`)
      }
      if (!woken && !stopping)
        await pause(failures === 0 ? pollMs : Math.min(100 * 2 ** failures, longestPauseMs))
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
    endPause()
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
