import { Fault } from './refusal.ts'

/** The answer, or a fault when it takes longer than `ms` milliseconds; what was begun is not undone. */
export async function within<T>(ms: number, doing: string, answer: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const tooLate = () => reject(new Fault('unavailable', `${doing} took over ${ms} ms`))
  const timer = setTimeout(tooLate, ms)
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
