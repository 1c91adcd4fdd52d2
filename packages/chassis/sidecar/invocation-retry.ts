import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '../core/errors.ts'
import type { Invocation, Sidecar } from './sidecar.ts'

/** Before the retry, the third …; all of them within the time that the call may take. */
const pausesMs = [10, 50, 150, 300, 500]

/**
 * Sends a call again when it was not answered and that can do no harm, because another instance may take it: while one
 * of several restarts, sidecars go on naming it to each other. Harmless is a call that was certainly not sent, one
 * that is idempotent by its method, and one with an `Idempotency-Key`. A call that ran into its time-out is not sent again.
 */
export function withRetry(invoke: Sidecar['invoke'], usualTimeoutMs: number): Sidecar['invoke'] {
  return async function invokeAny(call) {
    const end = performance.now() + (call.timeoutMs ?? usualTimeoutMs)
    for (let tries = 0; ; tries += 1) {
      const left = end - performance.now()
      try {
        return await invoke({ ...call, timeoutMs: Math.ceil(left) })
      } catch (error) {
        const pauseMs = pausesMs[tries]
        if (pauseMs === undefined || !isHarmless(call, error)) throw error
        if (performance.now() + 2 * pauseMs > end) throw error
        await pause(pauseMs)
      }
    }
  }
}

function isHarmless({ method, headers = {} }: Invocation, error: unknown): boolean {
  if (!(error instanceof Fault)) return false
  if (error.code === 'unreachable') return true
  const isIdempotent = ['GET', 'HEAD', 'PUT', 'DELETE'].includes(method)
  return error.code === 'unavailable' && (isIdempotent || 'idempotency-key' in headers)
}
