import { createRoute } from '@sidecart/chassis/contract/openapi.ts'
import type { ProblemKind } from '@sidecart/chassis/contract/problem.ts'
import { Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import { type App, type AppEnv, createApp } from '@sidecart/chassis/http/app.ts'
import {
  publishedKeys,
  type Role,
  signedIn,
  type Verifier,
} from '@sidecart/chassis/http/authentication.ts'
import { clientAddressHeader, networkOf } from '@sidecart/chassis/http/client-address.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { createSecurityLog } from '@sidecart/chassis/observability/security-log.ts'
import type { Context } from 'hono'
import { except } from 'hono/combine'
import { hasPostalCode } from './address.ts'
import { isCommonPassword } from './common-passwords.ts'
import { mustShipTo, type Profile, type SessionTokens, usersRoutes } from './contract.ts'
import { accessTokenSeconds, confirmationTokens } from './credentials.ts'
import {
  addressToConfirm,
  awaitConfirmation,
  changeContact,
  confirmationSeconds,
  confirmEmail,
  type Mailing,
  openSession,
  type RefusalCode,
  refreshLimit,
  refuse,
  register,
  type Session,
  type User,
} from './domain.ts'
import { mountInvitations } from './invitation/app.ts'
import { mountPasswordResets } from './password-reset/app.ts'
import type {
  AccessTokens,
  Addresses,
  Confirmations,
  Credentials,
  Invitations,
  Limiters,
  Operators,
  PasswordResets,
  Passwords,
  RefreshTokens,
  SecondFactors,
  SecretBox,
  Sessions,
  Throttle,
  Users,
} from './ports.ts'
import { createSecondFactorCheck, mountSecondFactor } from './second-factor/app.ts'

const problems = {
  'email-taken': { status: 409, title: 'Another account has this e-mail' },
  'email-confirmed': { status: 409, title: 'There is nothing to confirm' },
  'link-void': { status: 410, title: 'This link is not good any more' },
  'address-known': { status: 409, title: 'The address is in the book already' },
  'too-many-addresses': { status: 409, title: 'No room for another address' },
  'wrong-credentials': { status: 401, title: 'E-mail or password is wrong', event: null },
  'wrong-password': { status: 403, title: 'The current password is wrong', event: null },
  'common-password': { status: 422, title: 'This password is easy to guess' },
  'country-not-served': { status: 422, title: 'The shop does not ship to this country' },
  'session-ended': {
    status: 401,
    title: 'The session has ended',
    event: 'session_use_after_expire',
  },
  'second-factor-required': { status: 401, title: 'A code is needed too', event: null },
  'code-required': { status: 403, title: 'A code is needed too', event: null },
  'wrong-code': { status: 403, title: 'The code is wrong', event: null },
  'second-factor-on': { status: 409, title: 'The second factor is on already' },
  'second-factor-off': { status: 409, title: 'There is no second factor' },
  'already-operator': { status: 409, title: 'This is an operator already' },
  'another-account': { status: 403, title: 'The invitation is for another e-mail' },
  'just-refreshed': { status: 409, title: 'Refreshed by an older version of this service' },
} satisfies Record<RefusalCode, ProblemKind>

export type UsersPorts = {
  users: Users
  credentials: Credentials
  addresses: Addresses
  confirmations: Confirmations
  invitations: Invitations
  operators: Operators
  passwordResets: PasswordResets
  secondFactors: SecondFactors
  secretBox: SecretBox
  /** Roles whose tokens have the rights of a customer until a second factor is on. */
  secondFactorRequired?: readonly Role[]
  sessions: Sessions
  passwords: Passwords
  accessTokens: AccessTokens
  refreshTokens: RefreshTokens
  throttle: Throttle
  limiters: Pick<Limiters, 'addRequests'>
  /** Countries that the shop ships to: ISO 3166-1 alpha-2. */
  shipsTo: readonly string[]
  verify: Verifier
  log: Log
  now: () => Date
  newId: () => string
  appToken?: string
  ready?: () => Promise<void>
}

export function createUsersApp(ports: UsersPorts): App {
  const { users, credentials, addresses, confirmations, sessions, passwords, throttle } = ports
  const { now, newId, secondFactorRequired = [] } = ports
  const secondFactor = createSecondFactorCheck(ports)
  const app = createApp({ name: 'users', problems, ...ports })
  const security = createSecurityLog(ports.log)

  app.use('/users/me/*', signedIn(ports.verify))
  const isOwn = (c: Context) => c.req.param('userId') === 'me'
  app.use('/users/:userId/*', except(isOwn, signedIn(ports.verify, 'operator')))
  app.use(async function neverCached(c, next) {
    await next()
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store')
  })

  app.openapi(keysRoute, (c) => {
    c.header('cache-control', 'public, max-age=300')
    return c.json(ports.accessTokens.published, 200)
  })

  app.openapi(usersRoutes.register, async (c) => {
    const { password, ...person } = c.req.valid('json')
    assertUncommon(password, person.email)
    const user = await throttle.register({ network: networkOfClient(c) }, async () => {
      const isMailed = await throttle.confirmation(person)
      const mailing = { confirmationId: newId(), isMailed }
      const registration = register({ userId: newId(), ...person, now: now() }, mailing)
      return users.add(registration, await passwords.hash(password))
    })
    security('user_created', { ...asked(c), userId: user.userId })
    return c.json(toProfile(user), 201, { location: '/users/me' })
  })

  app.openapi(usersRoutes.signIn, async (c) => {
    const { email, password, code } = c.req.valid('json')
    const user = await prove(c, email, async () => {
      const attempt = await userWith(email, password)
      if (attempt.user) await secondFactor.mustPass(attempt.user.userId, code)
      return attempt
    })
    if (!user) throw refuse('wrong-credentials', 'No account has this e-mail and password.')
    return c.json(await signIn(user), 200)
  })

  app.openapi(usersRoutes.refresh, async (c) => {
    const { refreshToken } = c.req.valid('json')
    const next = ports.refreshTokens.succeed(refreshToken)
    const hash = ports.refreshTokens.hashOf(refreshToken)
    const { outcome, session, salt } = await sessions.present(hash, next, now())
    if (outcome === 'too-often') throw tooOften
    if (outcome === 'reused')
      security('authn_token_reuse', {
        ...asked(c),
        userId: session?.userId,
        sessionId: session?.sessionId,
      })
    if (!session || outcome === 'reused' || outcome === 'ended')
      throw refuse('session-ended', 'Sign in again.')
    if (!salt) throw refuse('just-refreshed', 'Use the tokens which the other request was given.')
    const { token } = ports.refreshTokens.succeed(refreshToken, salt)
    return c.json(await tokensFor(await existing(session.userId), session, token), 200)
  })

  app.openapi(usersRoutes.signOut, async (c) => {
    const { refreshToken } = c.req.valid('json')
    await sessions.end(ports.refreshTokens.hashOf(refreshToken), now())
    return c.body(null, 204)
  })

  app.openapi(usersRoutes.profile, async (c) => {
    return c.json(await profileOf(await existing(c.get('identity').userId)), 200)
  })

  app.openapi(usersRoutes.changeProfile, async (c) => {
    const { currentPassword = '', code, email, name } = c.req.valid('json')
    const { userId } = c.get('identity')
    if (email === undefined) {
      const user = await users.update(userId, (user) => changeContact(user, { name }))
      return c.json(await profileOf(user), 200)
    }
    const proven = await proveOwner(c, { currentPassword, code })
    const mailing = await mailingTo(proven, email)
    const user = await users.update(userId, (user) => {
      const named = changeContact(user, { name })
      const change = awaitConfirmation(named.user, email, mailing)
      return { user: change.user, events: [...named.events, ...change.events] }
    })
    return c.json(await profileOf(user), 200)
  })

  app.openapi(usersRoutes.resendConfirmation, async (c) => {
    const user = await existing(c.get('identity').userId)
    const mailing = await mailingTo(user, addressToConfirm(user))
    await users.update(user.userId, (user) =>
      awaitConfirmation(user, addressToConfirm(user), mailing),
    )
    return c.body(null, 204)
  })

  app.openapi(usersRoutes.confirm, async (c) => {
    const hash = confirmationTokens.hashOf(c.req.valid('json').token)
    const user = await confirmations.use(hash, now(), (user, confirmationId) =>
      confirmEmail(user, confirmationId, now()),
    )
    security('user_updated', { ...asked(c), userId: user.userId, attribute: 'email' })
    return c.json({ email: user.email }, 200)
  })

  app.openapi(usersRoutes.issueConfirmation, async (c) => {
    const { token, hash } = confirmationTokens.create()
    const expiresAt = new Date(now().getTime() + confirmationSeconds * 1000)
    const outcome = await confirmations.issue(c.req.valid('json').confirmationId, hash, expiresAt)
    return c.json(outcome === 'issued' ? { token } : {}, 200)
  })

  app.openapi(usersRoutes.changePassword, async (c) => {
    const { newPassword, ...proof } = c.req.valid('json')
    const user = await proveOwner(c, proof)
    assertUncommon(newPassword, user.email)
    await credentials.replace(user.userId, await passwords.hash(newPassword), now())
    security('authn_password_change', { ...asked(c), userId: user.userId })
    return c.json(await signIn(user), 200)
  })

  mountSecondFactor(app, {
    ...ports,
    ...{ provePassword, proveOwner },
    log: (c, event, attribute) =>
      security(event, { ...asked(c), userId: c.get('identity').userId, attribute }),
  })

  mountInvitations(app, {
    ...ports,
    ...{ assertUncommon, provePassword },
    log: (c, event, fields) => security(event, { ...asked(c), ...fields }),
  })

  mountPasswordResets(app, {
    ...ports,
    ...{ assertUncommon, networkOfClient },
    log: (c, event, fields) => security(event, { ...asked(c), ...fields }),
  })

  app.openapi(usersRoutes.sessions, async (c) => {
    const { userId, sessionId } = c.get('identity')
    const open = await sessions.list(userId, now())
    return c.json({ sessions: open.map((session) => toOpenSession(session, sessionId)) }, 200)
  })

  app.openapi(usersRoutes.endSessions, async (c) => {
    const { sessionId, ...proof } = c.req.valid('json')
    const { userId } = await proveOwner(c, proof)
    const ended = await sessions.endOwn(userId, now(), sessionId)
    if (sessionId !== undefined && ended === 0) throw refused('not-found', 'No such session.')
    security('authn_token_revoked', { ...asked(c), userId, sessionId })
    return c.body(null, 204)
  })

  app.openapi(usersRoutes.endSessionsOf, async (c) => {
    const { userId } = c.req.valid('param')
    if (!(await users.find(userId))) throw refused('not-found', 'No such user.')
    await sessions.endOwn(userId, now())
    security('authn_token_revoked', { ...asked(c), userId, by: c.get('identity').userId })
    return c.body(null, 204)
  })

  app.openapi(usersRoutes.countries, (c) => {
    c.header('cache-control', 'public, max-age=300')
    const countries = ports.shipsTo.map((country) => ({
      country,
      postalCode: hasPostalCode(country),
    }))
    return c.json({ countries }, 200)
  })

  app.openapi(usersRoutes.addresses, async (c) => {
    return c.json({ addresses: await addresses.list(c.get('identity').userId) }, 200)
  })

  app.openapi(usersRoutes.addAddress, async (c) => {
    const address = { addressId: newId(), ...c.req.valid('json') }
    mustShipTo(ports.shipsTo, address.country)
    const kept = await addresses.add(c.get('identity').userId, address)
    const location = `/users/me/addresses/${kept.addressId}`
    return kept.addressId === address.addressId
      ? c.json(kept, 201, { location })
      : c.json(kept, 200, { location })
  })

  app.openapi(usersRoutes.replaceAddress, async (c) => {
    const { addressId } = c.req.valid('param')
    const address = c.req.valid('json')
    mustShipTo(ports.shipsTo, address.country)
    await addresses.replace(c.get('identity').userId, addressId, address)
    return c.json({ addressId, ...address }, 200)
  })

  app.openapi(usersRoutes.removeAddress, async (c) => {
    await addresses.remove(c.get('identity').userId, c.req.valid('param').addressId)
    return c.body(null, 204)
  })

  app.openapi(usersRoutes.savedAddress, async (c) => {
    const { userId, addressId } = c.req.valid('query')
    const address = await addresses.find(userId, addressId)
    if (!address) throw refused('not-found', 'No such address.')
    return c.json(address, 200)
  })

  app.openapi(usersRoutes.lookUpAccounts, async (c) => {
    const { email } = c.req.valid('json')
    return c.json({ userIds: await users.idsWith(email, mostAccountsFound) }, 200)
  })

  app.openapi(usersRoutes.countRequests, async (c) => {
    const { client, requests } = c.req.valid('json')
    return c.json(await ports.limiters.addRequests(client, requests), 200)
  })

  app.openapi(usersRoutes.endedSessions, async (c) => {
    const { since } = c.req.valid('query')
    const asOf = now()
    const sessionIds = await sessions.endedSince(since ? new Date(since) : undefined, asOf)
    return c.json({ sessionIds, asOf: asOf.toISOString() }, 200)
  })

  app.openapi(usersRoutes.preferences, async (c) => {
    return c.json((await existing(c.get('identity').userId)).preferences, 200)
  })

  app.openapi(usersRoutes.setPreferences, async (c) => {
    const preferences = c.req.valid('json')
    const { userId } = c.get('identity')
    const user = await users.update(userId, (user) => changeContact(user, { preferences }))
    return c.json(user.preferences, 200)
  })

  async function existing(userId: string): Promise<User> {
    const user = await users.find(userId)
    if (!user) throw refused('unauthenticated', 'This account does not exist.')
    return user
  }

  /**
   * The user whose e-mail and password these are. Any number of accounts may claim an e-mail, so two passwords are
   * compared, whether or not there are as many: its owner's and the newest claimant's.
   */
  async function userWith(email: string, password: string): Promise<Attempt> {
    const { owner, newcomer } = await credentials.of(email)
    const account = (owner ?? newcomer)?.user.userId
    for (const known of [owner, newcomer])
      if ((await passwords.match(password, known?.passwordHash)) && known)
        return { account: known.user.userId, user: known.user }
    return { account }
  }

  /** Makes an attempt to prove who somebody is, as often as that may be tried for an e-mail. */
  async function prove(
    c: Asking,
    email: string,
    attempt: () => Promise<Attempt>,
  ): Promise<User | undefined> {
    let account: string | undefined
    const user = await throttle
      .signIn({ email, network: networkOfClient(c) }, async () => {
        const made = await attempt()
        account = made.account
        return made.user
      })
      .catch((error: unknown) => {
        if (error instanceof Refusal && error.code === 'wrong-code')
          security('authn_login_fail', { ...asked(c), reason: error.code })
        throw error
      })
    security(user ? 'authn_login_success' : 'authn_login_fail', { ...asked(c), userId: account })
    return user
  }

  /** Asks for as much as signing in does: before a change of what one signs in with. */
  function proveOwner(c: Asking, { currentPassword, code }: Proof): Promise<User> {
    return provePassword(c, currentPassword, (userId) =>
      secondFactor.mustPass(userId, code, 'code-required'),
    )
  }

  async function provePassword(
    c: Asking,
    password: string,
    proveMore?: (userId: string) => Promise<void>,
  ): Promise<User> {
    const { userId, email } = await existing(c.get('identity').userId)
    const user = await prove(c, email, async () => {
      const known = await credentials.ofUser(userId)
      const isRight = await passwords.match(password, known?.passwordHash)
      if (isRight) await proveMore?.(userId)
      return { account: userId, user: isRight ? known?.user : undefined }
    })
    if (!user) throw refuse('wrong-password', 'Send the current password of this account.')
    return user
  }

  /** A mail to an address of a user, if one more may be sent; none is needed to the e-mail that is confirmed. */
  async function mailingTo({ userId, ...user }: User, email: string): Promise<Mailing> {
    const isSettled = email === user.email && user.emailConfirmedAt !== undefined
    const isMailed = !isSettled && (await throttle.confirmation({ userId, email }))
    return { confirmationId: newId(), isMailed }
  }

  const lacksSecondFactor = async ({ userId, role }: User): Promise<boolean> =>
    secondFactorRequired.includes(role) && !(await secondFactor.isOn(userId))

  async function profileOf(user: User): Promise<Profile> {
    const secondFactorDue = (await lacksSecondFactor(user)) && { secondFactorDue: true as const }
    return { ...toProfile(user), ...secondFactorDue }
  }

  async function signIn(user: User): Promise<SessionTokens> {
    const { token, hash } = ports.refreshTokens.create()
    const session = openSession(newId(), user.userId, now(), user.role)
    await sessions.open(session, hash)
    return tokensFor(user, session, token)
  }

  /** The tokens as of the session's last rotation: anyone who asks again within its grace period gets the same. */
  async function tokensFor(
    user: User,
    session: Session,
    refreshToken: string,
  ): Promise<SessionTokens> {
    const role = (await lacksSecondFactor(user)) ? 'customer' : user.role
    const accessToken = await ports.accessTokens.issue(
      { ...user, role },
      session.rotatedAt,
      session,
    )
    const age = Math.ceil((now().getTime() - session.rotatedAt.getTime()) / 1000)
    return { accessToken, refreshToken, expiresIn: accessTokenSeconds - Math.max(0, age) }
  }
  return app
}

function assertUncommon(password: string, email: string): void {
  if (isCommonPassword(password, email))
    throw refuse('common-password', 'Many people use this password; choose another one.')
}

const tooOften = refused('too-many-requests', 'This session is refreshed too often.', {
  retryAfterSeconds: refreshLimit.withinMs / refreshLimit.most / 1000,
})

const keysRoute = createRoute({
  ...publishedKeys,
  tags: ['users'],
  summary: 'The keys that verify access tokens',
})

/** Any number of accounts may claim an e-mail that none has confirmed. */
const mostAccountsFound = 100

type Asking = Context<AppEnv>
type Proof = { currentPassword: string; code?: string | undefined }
type Attempt = { account?: string | undefined; user?: User | undefined }

/** Where a request came from, as the gateway saw it. Requests without that have one limit together. */
const networkOfClient = (c: Asking): string =>
  networkOf(c.req.header(clientAddressHeader) ?? 'unknown')

const asked = (c: Asking) => ({
  sourceIp: c.req.header(clientAddressHeader),
  method: c.req.method,
  path: c.req.path,
  requestId: c.get('requestId'),
})

const toOpenSession = (session: Session, current: string | undefined) => ({
  sessionId: session.sessionId,
  openedAt: session.openedAt.toISOString(),
  refreshedAt: session.rotatedAt.toISOString(),
  expiresAt: session.expiresAt.toISOString(),
  current: session.sessionId === current,
})

const toProfile = (user: User): Profile => {
  const { userId, email, name, role, preferences, registeredAt, awaited } = user
  return {
    ...{ userId, email, name, role, preferences },
    emailConfirmed: user.emailConfirmedAt !== undefined,
    ...(awaited && awaited.email !== email && { pendingEmail: awaited.email }),
    registeredAt: registeredAt.toISOString(),
  }
}
