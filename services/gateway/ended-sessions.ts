import { refused } from '@sidecart/chassis/core/errors.ts'
import type { Verifier } from '@sidecart/chassis/http/authentication.ts'

/** Reads the ids of sessions that ended since `asOf` of an earlier answer; without it, those whose tokens may be alive. */
export type ReadEndedSessions = (
  since: string | undefined,
) => Promise<{ sessionIds: string[]; asOf: string }>

/** Milliseconds for which an answer holds. */
const freshMs = 2_000
/** Access tokens live for 15 minutes; after that their session need not be remembered. */
const rememberedMs = 16 * 60_000

/**
 * Refuses access tokens of sessions that have ended. At most one read per two seconds, and none while no token is
 * verified. Without an answer the tokens are accepted, as they would be until they expire: signing in and out must not
 * decide whether the shop is open.
 */
export function refuseEndedSessions(
  verify: Verifier,
  read: ReadEndedSessions,
  now: () => number = Date.now,
): Verifier {
  /** By session id: the time at which it can be forgotten, oldest first. */
  const ended = new Map<string, number>()
  let since: string | undefined
  let triedAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined

  async function readAgain(): Promise<void> {
    triedAt = now()
    try {
      const { sessionIds, asOf } = await read(since)
      since = asOf
      for (const id of sessionIds) if (!ended.has(id)) ended.set(id, now() + rememberedMs)
    } catch {
      // the sessions that ended meanwhile are in the next answer
    }
    for (const [id, forgetAt] of ended) {
      if (forgetAt > now()) break
      ended.delete(id)
    }
  }

  return async (token) => {
    const identity = await verify(token)
    if (now() - triedAt >= freshMs)
      reading ??= readAgain().finally(() => {
        reading = undefined
      })
    await reading
    if (identity.sessionId !== undefined && ended.has(identity.sessionId))
      throw refused('unauthenticated', 'This session has ended; sign in again.')
    return identity
  }
}
