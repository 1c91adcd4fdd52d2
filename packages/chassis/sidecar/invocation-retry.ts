import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '../core/errors.ts'
import { callRetries } from '../observability/metrics.ts'
import type { Invocation, Sidecar } from './sidecar.ts'

/** Milliseconds before each retry; all retries end within the call's time-out. */
const pausesMs = [10, 50, 150, 300, 500]

/**
 * Retries an unanswered call if a retry is safe, because another instance may answer: while one of several instances
 * restarts, sidecars still resolve the name to the restarting one. Safe calls: certainly not sent, idempotent by
 * method, or with an `Idempotency-Key`. A timed-out call is not retried.
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
        callRetries.inc({ app: call.app })
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
