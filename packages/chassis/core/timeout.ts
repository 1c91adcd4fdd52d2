import { Fault } from './errors.ts'

/** Returns the result of `answer`. Does not cancel the operation. @throws Fault after `ms` milliseconds */
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
 * Returns the result of `begin`; aborts the signal after `ms` milliseconds. `AbortSignal.timeout` would create an
 * error for every call, even after a fast answer.
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
