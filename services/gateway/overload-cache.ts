import { overloaded } from '@sidecart/chassis/http/app.ts'
import type { Reply } from '@sidecart/chassis/sidecar/sidecar.ts'

const forMs = 250
const mostRemembered = 500

/**
 * Negative cache of `503 overloaded` answers for 250 ms, keyed by method and kind of path: rejecting here is far
 * cheaper than a round trip through two sidecars. Rejected new orders do not block cancellations, refunds or reads.
 */
export function createOverloadCache(now: () => number = Date.now) {
  const until = new Map<string, number>()
  return {
    /** @throws Refusal `overloaded` when the same kind of request was rejected in the last 250 ms */
    refuse(method: string, path: string): void {
      if ((until.get(kindOf(method, path)) ?? 0) > now()) throw overloaded()
    },
    received(method: string, path: string, { status, body }: Reply): void {
      if (status !== 503 || !Buffer.from(body).includes('"code":"overloaded"')) return
      if (until.size >= mostRemembered) until.clear()
      until.set(kindOf(method, path), now() + forMs)
    },
  }
}

/** Returns the method and the path without ids: ids and SKUs contain digits or capitals, names do not. */
const kindOf = (method: string, path: string): string =>
  `${method} ${path.replaceAll(/[^/]*[0-9A-Z][^/]*/g, '*')}`
