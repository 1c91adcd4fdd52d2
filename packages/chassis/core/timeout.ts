import { Fault } from './errors.ts'

/** The answer, or a fault when it takes longer than `ms` milliseconds; what was begun is not undone. */
export async function withTimeout<T>(ms: number, doing: string, answer: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const tooLate = () => reject(new Fault('unavailable', `${doing} took over ${ms} ms`))
  const timer = setTimeout(tooLate, ms)
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * What `begin` answers; after `ms` milliseconds its signal is aborted. `AbortSignal.timeout` would make an error for
 * every call, also for those that were answered long ago.
 */
export async function withAbortSignal<T>(
  ms: number,
  begin: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), ms)
  try {
    return await begin(controller.signal)
  } finally {
    clearTimeout(timer)
  }
}
