import { setTimeout as pause } from 'node:timers/promises'

/**
 * Calls `send` `perSecond` times a second for so many seconds, whether or not what was sent before has been answered,
 * and resolves when everything was. `intended` is the moment (of `performance.now`) at which it should have been sent.
 * Returns how late it was at most, in milliseconds.
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
