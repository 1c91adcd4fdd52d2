import { body, createRoute, empty, json, refusal, z } from '@sidecart/chassis/contract/openapi.ts'
import { token } from '@sidecart/chassis/contract/text.ts'
import { GivenPassword } from '../account-fields.ts'
import { Email } from '../email.ts'
import { Code, notProven, wrongCode } from '../second-factor/contract.ts'

export const SignIn = z
  .strictObject({
    email: Email,
    password: GivenPassword,
    code: Code.optional().openapi({ description: 'Needed by accounts with a second factor' }),
  })
  .openapi('SignIn')
export const RefreshRequest = z.strictObject({ refreshToken: token(200) }).openapi('RefreshRequest')

export const SessionTokens = z
  .object({
    accessToken: z.string().openapi({ description: 'A JWT for `Authorization: Bearer`' }),
    refreshToken: z.string().openapi({ description: 'Opaque, for one use, 30 days' }),
    expiresIn: z
      .int()
      .openapi({ description: 'Seconds until the access token ends', example: 900 }),
  })
  .openapi('SessionTokens')
export type SessionTokens = z.infer<typeof SessionTokens>

export const OpenSession = z
  .object({
    sessionId: z.uuid(),
    openedAt: z.iso.datetime(),
    refreshedAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    current: z.boolean().openapi({ description: 'Whether the request was made in it' }),
  })
  .openapi('OpenSession')

export const SessionRevocation = z
  .strictObject({
    currentPassword: GivenPassword,
    code: Code.optional().openapi({ description: 'Needed by accounts with a second factor' }),
    sessionId: z.uuid().optional().openapi({ description: 'Every own session without it' }),
  })
  .openapi('SessionRevocation')

/** Sessions that ended lately; some of them were in the answer before. */
export const EndedSessions = z.object({
  sessionIds: z.array(z.uuid()),
  asOf: z.iso.datetime().openapi({ description: '`since` of the next request' }),
})
export type EndedSessions = z.infer<typeof EndedSessions>

const tags = ['users']
const security = [{ bearer: [] }]

export const sessionRoutes = {
  signIn: createRoute({
    method: 'post',
    path: '/sessions',
    tags,
    summary: 'Sign in with e-mail and password',
    request: { body: body(SignIn) },
    responses: {
      200: json(SessionTokens),
      401: refusal('`wrong-credentials`; `second-factor-required`: send a `code` too'),
      403: wrongCode,
    },
  }),
  refresh: createRoute({
    method: 'post',
    path: '/sessions/refresh',
    tags,
    summary: 'Exchange a refresh token, once, for new tokens',
    request: { body: body(RefreshRequest) },
    responses: {
      200: json(SessionTokens),
      401: refusal('`session-ended`: sign in again'),
      409: refusal('`just-refreshed`: another request was given new tokens for this one'),
    },
  }),
  signOut: createRoute({
    method: 'post',
    path: '/sessions/logout',
    tags,
    summary: 'End the session of a refresh token',
    request: { body: body(RefreshRequest) },
    responses: { 204: empty('Ended, whether or not it was still alive') },
  }),
  sessions: createRoute({
    method: 'get',
    path: '/users/me/sessions',
    tags,
    summary: 'Own sessions, the most recently refreshed first',
    security,
    responses: {
      200: json(z.object({ sessions: z.array(OpenSession) })),
    },
  }),
  endSessions: createRoute({
    method: 'post',
    path: '/users/me/sessions/revocation',
    tags,
    summary: 'End one of the own sessions, or all of them, this one too',
    security,
    request: { body: body(SessionRevocation) },
    responses: { 204: empty('Ended; access tokens are refused within seconds'), 403: notProven },
  }),
  endSessionsOf: createRoute({
    method: 'delete',
    path: '/users/{userId}/sessions',
    tags,
    summary: 'End every session of a user (operator)',
    security,
    request: { params: z.strictObject({ userId: z.uuid() }) },
    responses: { 204: empty('Ended; access tokens are refused within seconds') },
  }),
  endedSessions: createRoute({
    method: 'get',
    path: '/internal/ended-sessions',
    tags: ['internal'],
    summary: 'Sessions that ended since an earlier answer, so that their access tokens are refused',
    request: { query: z.strictObject({ since: z.iso.datetime().optional() }) },
    responses: { 200: json(EndedSessions) },
  }),
}
