import type { Pool } from 'undici'
import { withAbortSignal } from '../core/timeout.ts'
import { traceparent } from '../observability/telemetry.ts'
import type { Invocation, Reply } from './sidecar.ts'

/** Default time-out of a call in milliseconds. */
export const callTimeoutMs = 10_000

/**
 * Sends a call over a kept-alive connection, within the current trace. Rejects unless the whole response arrives in
 * time.
 */
export function exchange(
  pool: Pool,
  call: Invocation,
  headers: Record<string, string>,
): Promise<Reply> {
  return withAbortSignal(call.timeoutMs ?? callTimeoutMs, async (signal) => {
    const parent = traceparent()
    const answer = await pool.request({
      method: call.method as 'GET',
      path: call.path,
      headers: { ...call.headers, ...headers, ...(parent && { traceparent: parent }) },
      body: call.body ?? null,
      signal,
    })
    const body = new Uint8Array(await answer.body.arrayBuffer())
    return { status: answer.statusCode, headers: answer.headers, body }
  })
}
