import { setTimeout as pause } from 'node:timers/promises'

/**
 * Calls `send` `perSecond` times a second for `seconds` seconds without waiting for earlier calls
 * (open loop). Resolves when every call has ended. `intended` is the scheduled time of a call, on
 * the clock of `performance.now`. Returns the greatest lateness of a call in milliseconds.
 */
export async function openLoop(
  perSecond: number,
  seconds: number,
  send: (index: number, intended: number) => Promise<void>,
): Promise<number> {
  const count = Math.round(perSecond * seconds)
  const began = performance.now()
  const under: Promise<void>[] = []
  let late = 0
  for (let index = 0; index < count; index += 1) {
    const intended = began + (index * 1000) / perSecond
    const early = intended - performance.now()
    if (early > 0) await pause(early)
    late = Math.max(late, performance.now() - intended)
    under.push(send(index, intended))
  }
  await Promise.all(under)
  return late
}
