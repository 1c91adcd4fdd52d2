import { Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import type { AppEnv } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import { networkOf } from '@sidecart/chassis/http/client-address.ts'
import type { Context } from 'hono'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { isOpen } from './routing.ts'
import { type CountEverywhere, createSharedLimit } from './shared-limit.ts'

export type AdmissionOptions = {
  verify: Verifier
  /** Requests per second of one signed-in user, and of one network for all other requests. */
  ratePerSecond: number
  /** Counts requests for all gateways together. Default: each process counts for itself. */
  countEverywhere?: CountEverywhere | undefined
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
export function createAdmission(options: AdmissionOptions) {
  const { verify, ratePerSecond, addressOf, countEverywhere } = options
  const networks = new RateLimiterMemory({ points: ratePerSecond, duration: 1 })
  const users = new RateLimiterMemory({ points: ratePerSecond, duration: 1 })
  const guard = signedIn(verify)
  const share = countEverywhere && createSharedLimit({ ratePerSecond, countEverywhere })

  /** Returns the milliseconds until there is room for a request, if there is none now. */
  async function waitFor(limiter: RateLimiterMemory, client: string): Promise<number | undefined> {
    try {
      const { consumedPoints, msBeforeNext } = await limiter.consume(client)
      return await share?.(client, { requests: consumedPoints, endsInMs: msBeforeNext })
    } catch (limit) {
      if (limit instanceof RateLimiterRes) return limit.msBeforeNext
      throw limit
    }
  }

  async function count(limiter: RateLimiterMemory, client: string): Promise<void> {
    const waitMs = await waitFor(limiter, client)
    if (waitMs === undefined) return
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000))
    const detail = `At most ${ratePerSecond} requests a second.`
    throw refused('too-many-requests', detail, { retryAfterSeconds })
  }

  return async function admit(c: Context<AppEnv>): Promise<void> {
    const countNetwork = () => count(networks, `network ${networkOf(addressOf(c))}`)
    if (isOpen(c.req.method, c.req.path) && c.req.header('authorization') === undefined)
      return countNetwork()
    try {
      await guard(c as never, async () => {})
    } catch (error) {
      if (error instanceof Refusal) await countNetwork()
      throw error
    }
    await count(users, `user ${c.get('identity').userId}`)
  }
}
