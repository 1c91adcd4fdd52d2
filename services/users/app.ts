import { createRoute } from '@sidecart/chassis/contract/openapi.ts'
import type { ProblemKind } from '@sidecart/chassis/contract/problem.ts'
import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import {
  publishedKeys,
  type Role,
  signedIn,
  type Verifier,
} from '@sidecart/chassis/http/authentication.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import type { Context } from 'hono'
import { except } from 'hono/combine'
import { mountAddresses } from './addresses/app.ts'
import { assertUncommon } from './common-passwords.ts'
import { type Profile, usersRoutes } from './contract.ts'
import { confirmationTokens } from './credentials.ts'
import {
  addressToConfirm,
  awaitConfirmation,
  changeContact,
  confirmationSeconds,
  confirmEmail,
  type Mailing,
  type RefusalCode,
  register,
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
import { createProofs } from './proof.ts'
import { createRequestLog, networkOfClient } from './request.ts'
import { createSecondFactorCheck, mountSecondFactor } from './second-factor/app.ts'
import { mountSessions } from './session/app.ts'
import { createTokens } from './session/tokens.ts'

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
  const { users, credentials, confirmations, passwords, throttle, now, newId } = ports
  const app = createApp({ name: 'users', problems, ...ports })
  const security = createRequestLog(ports.log)
  const secondFactor = createSecondFactorCheck(ports)
  const proofs = createProofs({ ...ports, secondFactor, security })
  const tokens = createTokens({ ...ports, secondFactor })
  const mounted = { ...ports, proofs, tokens, security }

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
    security(c, 'user_created', { userId: user.userId })
    return c.json(toProfile(user), 201, { location: '/users/me' })
  })

  app.openapi(usersRoutes.profile, async (c) => {
    return c.json(await profileOf(await proofs.existing(c.get('identity').userId)), 200)
  })

  app.openapi(usersRoutes.changeProfile, async (c) => {
    const { currentPassword = '', code, email, name } = c.req.valid('json')
    const { userId } = c.get('identity')
    if (email === undefined) {
      const user = await users.update(userId, (user) => changeContact(user, { name }))
      return c.json(await profileOf(user), 200)
    }
    const proven = await proofs.proveOwner(c, { currentPassword, code })
    const mailing = await mailingTo(proven, email)
    const user = await users.update(userId, (user) => {
      const named = changeContact(user, { name })
      const change = awaitConfirmation(named.user, email, mailing)
      return { user: change.user, events: [...named.events, ...change.events] }
    })
    return c.json(await profileOf(user), 200)
  })

  app.openapi(usersRoutes.resendConfirmation, async (c) => {
    const user = await proofs.existing(c.get('identity').userId)
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
    security(c, 'user_updated', { userId: user.userId, attribute: 'email' })
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
    const user = await proofs.proveOwner(c, proof)
    assertUncommon(newPassword, user.email)
    await credentials.replace(user.userId, await passwords.hash(newPassword), now())
    security(c, 'authn_password_change', { userId: user.userId })
    return c.json(await tokens.signIn(user), 200)
  })

  mountSessions(app, mounted)
  mountSecondFactor(app, mounted)
  mountInvitations(app, mounted)
  mountPasswordResets(app, mounted)
  mountAddresses(app, ports)

  app.openapi(usersRoutes.lookUpAccounts, async (c) => {
    const { email } = c.req.valid('json')
    return c.json({ userIds: await users.idsWith(email, mostAccountsFound) }, 200)
  })

  app.openapi(usersRoutes.countRequests, async (c) => {
    const { client, requests } = c.req.valid('json')
    return c.json(await ports.limiters.addRequests(client, requests), 200)
  })

  app.openapi(usersRoutes.preferences, async (c) => {
    return c.json((await proofs.existing(c.get('identity').userId)).preferences, 200)
  })

  app.openapi(usersRoutes.setPreferences, async (c) => {
    const preferences = c.req.valid('json')
    const { userId } = c.get('identity')
    const user = await users.update(userId, (user) => changeContact(user, { preferences }))
    return c.json(user.preferences, 200)
  })

  /** A mail to an address of a user, if one more may be sent; none is needed to the e-mail that is confirmed. */
  async function mailingTo({ userId, ...user }: User, email: string): Promise<Mailing> {
    const isSettled = email === user.email && user.emailConfirmedAt !== undefined
    const isMailed = !isSettled && (await throttle.confirmation({ userId, email }))
    return { confirmationId: newId(), isMailed }
  }

  async function profileOf(user: User): Promise<Profile> {
    const secondFactorDue = (await tokens.lacksSecondFactor(user)) && {
      secondFactorDue: true as const,
    }
    return { ...toProfile(user), ...secondFactorDue }
  }

  return app
}

const keysRoute = createRoute({
  ...publishedKeys,
  tags: ['users'],
  summary: 'The keys that verify access tokens',
})

/** Any number of accounts may claim an e-mail that none has confirmed. */
const mostAccountsFound = 100

const toProfile = (user: User): Profile => {
  const { userId, email, name, role, preferences, registeredAt, awaited } = user
  return {
    ...{ userId, email, name, role, preferences },
    emailConfirmed: user.emailConfirmedAt !== undefined,
    ...(awaited && awaited.email !== email && { pendingEmail: awaited.email }),
    registeredAt: registeredAt.toISOString(),
  }
}
