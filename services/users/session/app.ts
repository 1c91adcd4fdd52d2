import { refused } from '@sidecart/chassis/core/errors.ts'
import type { App } from '@sidecart/chassis/http/app.ts'
import { usersRoutes } from '../contract.ts'
import { refreshLimit, refuse, type Session } from '../domain.ts'
import type { RefreshTokens, Sessions, Users } from '../ports.ts'
import type { Proofs } from '../proof.ts'
import type { RequestLog } from '../request.ts'
import type { IssuedTokens } from './tokens.ts'

type MountOptions = {
  users: Users
  sessions: Sessions
  refreshTokens: RefreshTokens
  proofs: Proofs
  tokens: IssuedTokens
  security: RequestLog
  now: () => Date
}

/** Mounts the routes with which people sign in and out, and see where they are signed in. */
export function mountSessions(app: App, options: MountOptions): void {
  const { users, sessions, refreshTokens, proofs, tokens, security, now } = options

  app.openapi(usersRoutes.signIn, async (c) => {
    const user = await proofs.proveAccount(c, c.req.valid('json'))
    return c.json(await tokens.signIn(user), 200)
  })

  app.openapi(usersRoutes.refresh, async (c) => {
    const { refreshToken } = c.req.valid('json')
    const next = refreshTokens.succeed(refreshToken)
    const hash = refreshTokens.hashOf(refreshToken)
    const { outcome, session, salt } = await sessions.present(hash, next, now())
    if (outcome === 'too-often') throw tooOften
    if (outcome === 'reused')
      security(c, 'authn_token_reuse', { userId: session?.userId, sessionId: session?.sessionId })
    if (!session || outcome === 'reused' || outcome === 'ended')
      throw refuse('session-ended', 'Sign in again.')
    if (!salt) throw refuse('just-refreshed', 'Use the tokens which the other request was given.')
    const { token } = refreshTokens.succeed(refreshToken, salt)
    return c.json(
      await tokens.tokensFor(await proofs.existing(session.userId), session, token),
      200,
    )
  })

  app.openapi(usersRoutes.signOut, async (c) => {
    const { refreshToken } = c.req.valid('json')
    await sessions.end(refreshTokens.hashOf(refreshToken), now())
    return c.body(null, 204)
  })

  app.openapi(usersRoutes.sessions, async (c) => {
    const { userId, sessionId } = c.get('identity')
    const open = await sessions.list(userId, now())
    return c.json({ sessions: open.map((session) => toOpenSession(session, sessionId)) }, 200)
  })

  app.openapi(usersRoutes.endSessions, async (c) => {
    const { sessionId, ...proof } = c.req.valid('json')
    const { userId } = await proofs.proveOwner(c, proof)
    const ended = await sessions.endOwn(userId, now(), sessionId)
    if (sessionId !== undefined && ended === 0) throw refused('not-found', 'No such session.')
    security(c, 'authn_token_revoked', { userId, sessionId })
    return c.body(null, 204)
  })

  app.openapi(usersRoutes.endSessionsOf, async (c) => {
    const { userId } = c.req.valid('param')
    if (!(await users.find(userId))) throw refused('not-found', 'No such user.')
    await sessions.endOwn(userId, now())
    security(c, 'authn_token_revoked', { userId, by: c.get('identity').userId })
    return c.body(null, 204)
  })

  app.openapi(usersRoutes.endedSessions, async (c) => {
    const { since } = c.req.valid('query')
    const asOf = now()
    const sessionIds = await sessions.endedSince(since ? new Date(since) : undefined, asOf)
    return c.json({ sessionIds, asOf: asOf.toISOString() }, 200)
  })
}

const tooOften = refused('too-many-requests', 'This session is refreshed too often.', {
  retryAfterSeconds: refreshLimit.withinMs / refreshLimit.most / 1000,
})

const toOpenSession = (session: Session, current: string | undefined) => ({
  sessionId: session.sessionId,
  openedAt: session.openedAt.toISOString(),
  refreshedAt: session.rotatedAt.toISOString(),
  expiresAt: session.expiresAt.toISOString(),
  current: session.sessionId === current,
})
