import { setTimeout as pause } from 'node:timers/promises'
import type { Injector } from '../faults/inject.ts'
import { type Fault, lastsSeconds, wordsFor } from '../faults/schedule.ts'

/** An injected fault; `missed` is the reason why an injection failed. */
export type Happened = Fault & { missed?: string }

export type FaultRun = {
  happened: readonly Happened[]
  /** Stops the schedule and ends the faults still active. */
  calm(): Promise<void>
}

/** Injects the faults of a schedule at their times. */
export function startFaultRun(
  faults: Iterator<Fault, never>,
  inject: Injector,
  report: (line: string) => void,
): FaultRun {
  const happened: Happened[] = []
  const stopped = new AbortController()
  const lasting: Promise<void>[] = []
  const began = performance.now()

  async function blow(): Promise<void> {
    while (!stopped.signal.aborted) {
      const { value: fault } = faults.next()
      await until(began + fault.atSeconds * 1000)
      if (!stopped.signal.aborted) lasting.push(strike(fault))
    }
  }

  async function strike(fault: Fault): Promise<void> {
    const words = wordsFor(fault)
    const lift = await inject(fault).catch((error: Error) => error)
    const missed = lift instanceof Error ? lift.message : undefined
    happened.push({ ...fault, ...(missed && { missed }) })
    report(missed ? `${words}: missed (${missed})` : words)
    if (!lift || lift instanceof Error) return
    await until(performance.now() + lastsSeconds(fault) * 1000)
    await lift().catch((error: Error) => report(`the end of ${words}: ${error.message}`))
  }

  const until = (moment: number) =>
    pause(Math.max(0, moment - performance.now()), undefined, { signal: stopped.signal }).catch(
      () => {},
    )

  const blowing = blow()
  return {
    happened,
    async calm() {
      stopped.abort()
      await blowing
      await Promise.all(lasting)
    },
  }
}
