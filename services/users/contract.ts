import {
  body,
  createRoute,
  defineEvent,
  empty,
  json,
  linksTo,
  refusal,
  z,
} from '@sidecart/chassis/contract/openapi.ts'
import { token } from '@sidecart/chassis/contract/text.ts'
import { Role } from '@sidecart/chassis/http/authentication.ts'
import { GivenPassword, Name, Password } from './account-fields.ts'
import { countries, keptAddress, PostalAddress } from './address.ts'
import { Confirmation, confirmationRoutes } from './confirmation-contract.ts'
import { Email } from './email.ts'
import { invitationRoutes } from './invitation/contract.ts'
import { DuePasswordReset, passwordResetRoutes } from './password-reset/contract.ts'
import { Code, notProven, secondFactorRoutes, wrongCode } from './second-factor/contract.ts'

export { Name } from './account-fields.ts'
export { keptAddress, mustShipTo, PostalAddress, ShipsTo } from './address.ts'
export type { Confirmation } from './confirmation-contract.ts'
export { Email } from './email.ts'
export type { Invitation, Operator } from './invitation/contract.ts'

export const UserId = z.uuid().openapi({ example: '018f0000-0000-7000-8000-000000000001' })

export const Preferences = z
  .strictObject({ orderUpdates: z.boolean(), paymentUpdates: z.boolean(), marketing: z.boolean() })
  .openapi('NotificationPreferences')
export type Preferences = z.infer<typeof Preferences>

export const Address = z.object({ addressId: z.uuid(), ...keptAddress }).openapi('Address')
export type Address = z.infer<typeof Address>

/** Requests of one client in the current second, at all gateways. */
export const RequestCount = z.strictObject({
  total: z.int(),
  endsInMs: z.int().openapi({ description: 'Milliseconds until the second ends' }),
})
export type RequestCount = z.infer<typeof RequestCount>

/** Sessions that ended lately; some of them were in the answer before. */
export const EndedSessions = z.object({
  sessionIds: z.array(z.uuid()),
  asOf: z.iso.datetime().openapi({ description: '`since` of the next request' }),
})
export type EndedSessions = z.infer<typeof EndedSessions>

/** A country that the shop ships to. */
const Country = z
  .object({
    country: z.enum(countries),
    postalCode: z.boolean().openapi({ description: 'Whether it has postal codes' }),
  })
  .openapi('Country')

export const Profile = z
  .object({
    userId: UserId,
    email: Email,
    emailConfirmed: z.boolean().openapi({
      description:
        'Whether the owner has shown that mails to it arrive; until then only one to confirm it is sent.',
    }),
    pendingEmail: Email.optional().openapi({
      description: 'An address that takes the place of the e-mail once it is confirmed',
    }),
    name: Name,
    role: Role,
    secondFactorDue: z.literal(true).optional().openapi({
      description: 'Present when tokens have the rights of a customer until a second factor is on',
    }),
    preferences: Preferences,
    registeredAt: z.iso.datetime(),
  })
  .openapi('Profile')
export type Profile = z.infer<typeof Profile>

export const Registration = z
  .strictObject({ email: Email, name: Name, password: Password })
  .openapi('Registration')

export const ProfileChange = z
  .strictObject({
    name: Name.optional(),
    email: Email.optional(),
    currentPassword: GivenPassword.optional().openapi({ description: 'Needed for a new e-mail.' }),
    code: Code.optional().openapi({
      description: 'Needed for a new e-mail by accounts with a second factor',
    }),
  })
  .refine(({ name, email }) => name !== undefined || email !== undefined, 'name or email')
  .refine(({ email, currentPassword }) => email === undefined || currentPassword !== undefined, {
    path: ['currentPassword'],
    error: 'needed for a new e-mail',
  })
  .openapi('ProfileChange', {
    anyOf: [{ required: ['name'] }, { required: ['email', 'currentPassword'] }],
    dependentRequired: { email: ['currentPassword'] },
  } as object)

export const SignIn = z
  .strictObject({
    email: Email,
    password: GivenPassword,
    code: Code.optional().openapi({ description: 'Needed by accounts with a second factor' }),
  })
  .openapi('SignIn')
export const PasswordChange = z
  .strictObject({
    currentPassword: GivenPassword,
    newPassword: Password,
    code: Code.optional().openapi({ description: 'Needed by accounts with a second factor' }),
  })
  .openapi('PasswordChange')
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

const tags = ['users']
const security = [{ bearer: [] }]
const addressParams = z.strictObject({ addressId: z.uuid() })
const location = { headers: z.object({ location: z.string() }) }
const commonPassword = refusal('`common-password`: many people use this password')
const countryNotServed = refusal('`country-not-served`: `GET /countries` lists those that are')
const addressLinks = linksTo(
  { addressId: '$response.body#/addressId' },
  {
    replace: 'put /users/me/addresses/{addressId}',
    remove: 'delete /users/me/addresses/{addressId}',
  },
)

export const usersRoutes = {
  register: createRoute({
    method: 'post',
    path: '/users',
    tags,
    summary: 'Register as a customer',
    request: { body: body(Registration) },
    responses: {
      201: { ...json(Profile, 'Registered; sign in next'), ...location },
      422: commonPassword,
    },
  }),
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
  profile: createRoute({
    method: 'get',
    path: '/users/me',
    tags,
    summary: 'Own profile',
    security,
    responses: { 200: json(Profile) },
  }),
  changeProfile: createRoute({
    method: 'patch',
    path: '/users/me',
    tags,
    summary: 'Change own name or e-mail; another e-mail holds once it is confirmed',
    security,
    request: { body: body(ProfileChange) },
    responses: { 200: json(Profile), 403: notProven },
  }),
  changePassword: createRoute({
    method: 'post',
    path: '/users/me/password',
    tags,
    summary: 'Change own password; ends every other session',
    security,
    request: { body: body(PasswordChange) },
    responses: { 200: json(SessionTokens), 403: notProven, 422: commonPassword },
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
  countries: createRoute({
    method: 'get',
    path: '/countries',
    tags,
    summary: 'Countries that the shop ships to',
    responses: { 200: json(z.object({ countries: z.array(Country) })) },
  }),
  addresses: createRoute({
    method: 'get',
    path: '/users/me/addresses',
    tags,
    summary: 'Own addresses, oldest first',
    security,
    responses: { 200: json(z.object({ addresses: z.array(Address) })) },
  }),
  addAddress: createRoute({
    method: 'post',
    path: '/users/me/addresses',
    tags,
    summary: 'Add an address (at most 20)',
    security,
    request: { body: body(PostalAddress) },
    responses: {
      200: { ...json(Address, 'It was in the book already'), ...location, links: addressLinks },
      201: { ...json(Address, 'Added'), ...location, links: addressLinks },
      409: refusal('`too-many-addresses`'),
      422: countryNotServed,
    },
  }),
  replaceAddress: createRoute({
    method: 'put',
    path: '/users/me/addresses/{addressId}',
    tags,
    summary: 'Replace an address',
    security,
    request: { params: addressParams, body: body(PostalAddress) },
    responses: {
      200: json(Address),
      409: refusal('`address-known`: another address of the book says the same'),
      422: countryNotServed,
    },
  }),
  removeAddress: createRoute({
    method: 'delete',
    path: '/users/me/addresses/{addressId}',
    tags,
    summary: 'Remove an address',
    security,
    request: { params: addressParams },
    responses: { 204: empty('Removed') },
  }),
  savedAddress: createRoute({
    method: 'get',
    path: '/internal/addresses',
    tags: ['internal'],
    summary: 'An address of a user’s book',
    request: { query: z.strictObject({ userId: z.uuid(), addressId: z.uuid() }) },
    responses: { 200: json(Address) },
  }),
  lookUpAccounts: createRoute({
    method: 'post',
    path: '/internal/accounts/lookup',
    tags: ['internal'],
    summary: 'The accounts with an e-mail: first the one that has confirmed it, then the newest',
    request: { body: body(z.strictObject({ email: Email })) },
    responses: { 200: json(z.object({ userIds: z.array(z.uuid()).max(100) })) },
  }),
  countRequests: createRoute({
    method: 'post',
    path: '/internal/requests',
    tags: ['internal'],
    summary: 'Count requests of a client, for all gateways together',
    request: {
      body: body(
        z.strictObject({
          client: token(200),
          requests: z.int().min(1).max(1_000_000),
        }),
      ),
    },
    responses: { 200: json(RequestCount) },
  }),
  endedSessions: createRoute({
    method: 'get',
    path: '/internal/ended-sessions',
    tags: ['internal'],
    summary: 'Sessions that ended since an earlier answer, so that their access tokens are refused',
    request: { query: z.strictObject({ since: z.iso.datetime().optional() }) },
    responses: { 200: json(EndedSessions) },
  }),
  preferences: createRoute({
    method: 'get',
    path: '/users/me/preferences',
    tags,
    summary: 'Which e-mails one wants',
    security,
    responses: { 200: json(Preferences) },
  }),
  setPreferences: createRoute({
    method: 'put',
    path: '/users/me/preferences',
    tags,
    summary: 'Choose which e-mails one wants',
    security,
    request: { body: body(Preferences) },
    responses: { 200: json(Preferences) },
  }),
  ...confirmationRoutes,
  ...invitationRoutes,
  ...passwordResetRoutes,
  ...secondFactorRoutes,
}

const Contact = z.object({
  userId: z.uuid(),
  email: z.string(),
  name: z.string(),
  preferences: z.object({
    orderUpdates: z.boolean(),
    paymentUpdates: z.boolean(),
    marketing: z.boolean(),
  }),
  version: z.int(),
  confirmed: z
    .boolean()
    .optional()
    .describe('Whether the e-mail is confirmed; absent, as in events of earlier versions: it is'),
  confirmation: Confirmation.optional().describe('Present when a mail is due that confirms it'),
})

/** The events that users publishes. `version` rises by one with every change of a user's contact. */
export const userEvents = {
  registered: defineEvent('users-registered-v1', Contact, 'userId'),
  contactChanged: defineEvent(
    'users-contact-changed-v1',
    Contact.extend({
      formerEmail: z.string().optional().describe('Present when the e-mail is another one now'),
      passwordChanged: z.literal(true).optional(),
      passwordReset: DuePasswordReset.optional().describe(
        'Present when a mail is due with which another password can be set',
      ),
      secondFactor: z
        .enum(['on', 'off'])
        .optional()
        .describe('Present when it was turned on or off'),
    }),
    'userId',
  ),
}
