import { Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import type { AppEnv } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import { networkOf } from '@sidecart/chassis/http/client-address.ts'
import type { Context } from 'hono'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { isOpen } from './routing.ts'

export type AdmissionOptions = {
  verify: Verifier
  /** Requests per second of one signed-in user, and of one network for all other requests. Counted per process. */
  ratePerSecond: number
  /** Returns the client address of a request. */
  addressOf: (c: Context<AppEnv>) => string
}

/**
 * Admits a request unless the client exceeds the rate limit, the token is invalid, or a required token is missing. A
 * request with a valid token counts for the user only, so that users behind one address do not share a limit. All
 * other requests, invalid tokens included, count for the network: forging tokens gains nothing.
 *
 * @throws Refusal `too-many-requests`, `unauthenticated`
 */
export function createAdmission({ verify, ratePerSecond, addressOf }: AdmissionOptions) {
  const networks = new RateLimiterMemory({ points: ratePerSecond, duration: 1 })
  const users = new RateLimiterMemory({ points: ratePerSecond, duration: 1 })
  const guard = signedIn(verify)

  async function count(limiter: RateLimiterMemory, key: string): Promise<void> {
    try {
      await limiter.consume(key)
    } catch (limit) {
      if (!(limit instanceof RateLimiterRes)) throw limit
      const retryAfterSeconds = Math.max(1, Math.ceil(limit.msBeforeNext / 1000))
      const detail = `At most ${ratePerSecond} requests a second.`
      throw refused('too-many-requests', detail, { retryAfterSeconds })
    }
  }

  return async function admit(c: Context<AppEnv>): Promise<void> {
    const countNetwork = () => count(networks, networkOf(addressOf(c)))
    if (isOpen(c.req.method, c.req.path) && c.req.header('authorization') === undefined)
      return countNetwork()
    try {
      await guard(c as never, async () => {})
    } catch (error) {
      if (error instanceof Refusal) await countNetwork()
      throw error
    }
    await count(users, c.get('identity').userId)
  }
}
