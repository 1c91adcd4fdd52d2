import { createHash } from 'node:crypto'
import { Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import type { KnownNetworks, Limiters, Throttle } from './ports.ts'

export type Rule = { points: number; seconds: number }

const quarter = 15 * 60
const hour = 3_600

/**
 * How often what costs something may be done. The numbers hold for all instances together.
 *
 * Wrong passwords are counted per account and network. Where the account was never signed in to from that network, they
 * are also counted per network and per account; neither stops the right password from a network that is known.
 */
export const rules = {
  wrongPerAccountAndNetwork: { points: 10, seconds: quarter },
  wrongPerNetwork: { points: 100, seconds: quarter },
  wrongPerAccount: { points: 100, seconds: hour },
  signInsPerAccountAndNetwork: { points: 100, seconds: quarter },
  registrationsPerNetwork: { points: 100, seconds: hour },
  registrations: { points: 3_000, seconds: hour },
  confirmationsPerAccount: { points: 4, seconds: hour },
  confirmationsPerAddress: { points: 6, seconds: hour },
  resetsPerNetwork: { points: 100, seconds: hour },
  wrongCodesPerAccount: { points: 20, seconds: hour },
} satisfies Record<string, Rule>

type Counted = readonly [keyof typeof rules, key: string]

/**
 * Bounds guessing at passwords, and what else somebody without an account can make this service do.
 *
 * @param factor multiplies every limit
 */
export function createThrottle(limiters: Limiters, networks: KnownNetworks, factor = 1): Throttle {
  const limiter = (name: keyof typeof rules) => {
    const { points, seconds } = rules[name]
    return limiters.create(name, { points: Math.ceil(points * factor), seconds })
  }
  const all = Object.fromEntries(
    (Object.keys(rules) as (keyof typeof rules)[]).map((name) => [name, limiter(name)]),
  ) as Record<keyof typeof rules, ReturnType<Limiters['create']>>

  async function count([name, key]: Counted): Promise<void> {
    const waitMs = await all[name].consume(key)
    if (waitMs === undefined) return
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000))
    const detail = `Too often; try again in ${retryAfterSeconds} s.`
    throw refused('too-many-requests', detail, { retryAfterSeconds })
  }

  const forgive = (counted: readonly Counted[]) =>
    Promise.all(counted.map(([name, key]) => all[name].reward(key)))

  /** Counts before `attempt`, so that parallel ones count too. Forgives what failed for no fault of the client. */
  async function counting<T>(counted: readonly Counted[], attempt: () => Promise<T>): Promise<T> {
    const done: Counted[] = []
    try {
      for (const one of counted) {
        await count(one)
        done.push(one)
      }
    } catch (error) {
      await forgive(done)
      throw error
    }
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof Refusal) || error.code === 'overloaded') await forgive(counted)
      throw error
    }
  }

  return {
    async signIn({ email, network }, attempt) {
      const pair = keyOf(email, network)
      const elsewhere: Counted[] = (await networks.isKnown(email, network))
        ? []
        : [
            ['wrongPerNetwork', network],
            ['wrongPerAccount', keyOf(email)],
          ]
      const counted: Counted[] = [
        ['wrongPerAccountAndNetwork', pair],
        ...elsewhere,
        ['signInsPerAccountAndNetwork', pair],
      ]
      return counting(counted, async () => {
        const user = await attempt()
        if (!user) return undefined
        // anybody can register an address of somebody else: that must not buy more guesses at the password of its owner
        if (user.emailConfirmedAt) await all.wrongPerAccountAndNetwork.forget(pair)
        else await all.wrongPerAccountAndNetwork.reward(pair)
        await forgive(elsewhere)
        await networks.remember(user.userId, network)
        return user
      })
    },
    register: async ({ network }, attempt) => {
      const counted: Counted[] = [
        ['registrationsPerNetwork', network],
        ['registrations', 'all'],
      ]
      const user = await counting(counted, attempt)
      await networks.remember(user.userId, network)
      return user
    },
    async confirmation({ userId, email }) {
      if (userId) await count(['confirmationsPerAccount', userId])
      return (await all.confirmationsPerAddress.consume(keyOf(email))) === undefined
    },
    passwordReset: ({ network }) => count(['resetsPerNetwork', network]),
    forget: ({ email, network }) => all.wrongPerAccountAndNetwork.forget(keyOf(email, network)),
    async code({ userId }, check) {
      const counted: Counted[] = [['wrongCodesPerAccount', userId]]
      return counting(counted, async () => {
        const isRight = await check()
        if (isRight) await forgive(counted)
        return isRight
      })
    },
  }
}

/** E-mails are longer than keys may be, and are nobody's business in a table of counts. */
const keyOf = (...parts: string[]): string =>
  createHash('sha256').update(parts.join('|')).digest('base64url')
