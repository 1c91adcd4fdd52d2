import { Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import type { AppEnv } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import { networkOf } from '@sidecart/chassis/http/client-address.ts'
import type { Context } from 'hono'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { isOpen } from './routing.ts'

export type AdmissionOptions = {
  verify: Verifier
  /** Requests per second of one signed-in user, and of all others from one network. Counted in this process. */
  ratePerSecond: number
  /** Where a request comes from. */
  addressOf: (c: Context<AppEnv>) => string
}

/**
 * Lets a request pass unless its client asks too often, its token is bad, or it has none where one is needed. A request
 * with a good token counts for its user alone, so that users behind one address do not share a limit. Any other counts
 * for the network that it comes from, and so do bad tokens: a made-up one buys nothing.
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
