import { Role } from '../../chassis/authentication.ts'
import { body, createRoute, empty, fact, json, z } from '../../chassis/contract.ts'

export const UserId = z.uuid().openapi({ example: '018f0000-0000-7000-8000-000000000001' })

const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^\P{Cc}*$/u, 'no control characters')

/** Compared and stored trimmed and in lower case. */
export const Email = z.string().trim().toLowerCase().max(254).check(z.email())
export const Name = line(100).openapi({ example: 'Ada Lovelace' })
const Password = z.string().min(10).max(128)
/** A password to be compared: rules may have been others when it was chosen. */
const GivenPassword = z.string().min(1).max(128)

export const Preferences = z
  .strictObject({ orderUpdates: z.boolean(), paymentUpdates: z.boolean(), marketing: z.boolean() })
  .openapi('NotificationPreferences')
export type Preferences = z.infer<typeof Preferences>

/** ISO 3166-1 alpha-2. */
export const countries =
  `AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
  CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
  GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
  KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT
  MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
  SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ
  UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW`.split(/\s+/)

const addressFields = {
  name: Name,
  street: line(200),
  postalCode: line(20),
  city: line(100),
  country: z.enum(countries, 'an ISO 3166 alpha-2 code').openapi({ example: 'DE' }),
}
export const NewAddress = z.strictObject(addressFields).openapi('NewAddress')
export type NewAddress = z.infer<typeof NewAddress>
export const Address = z.object({ addressId: z.uuid(), ...addressFields }).openapi('Address')
export type Address = z.infer<typeof Address>

export const Profile = z
  .object({
    userId: UserId,
    email: Email,
    name: Name,
    role: Role,
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
  })
  .refine(({ name, email }) => name !== undefined || email !== undefined, 'name or email')
  .refine(({ email, currentPassword }) => email === undefined || currentPassword !== undefined, {
    path: ['currentPassword'],
    error: 'needed for a new e-mail',
  })
  .openapi('ProfileChange')

export const SignIn = z.strictObject({ email: Email, password: GivenPassword }).openapi('SignIn')
export const PasswordChange = z
  .strictObject({ currentPassword: GivenPassword, newPassword: Password })
  .openapi('PasswordChange')
export const RefreshRequest = z
  .strictObject({ refreshToken: z.string().min(1).max(200) })
  .openapi('RefreshRequest')

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

const tags = ['users']
const security = [{ bearer: [] }]
const addressParams = z.strictObject({ addressId: z.uuid() })
const location = { headers: z.object({ location: z.string() }) }

export const usersRoutes = {
  register: createRoute({
    method: 'post',
    path: '/users',
    tags,
    summary: 'Register as a customer',
    request: { body: body(Registration) },
    responses: { 201: { ...json(Profile, 'Registered; sign in next'), ...location } },
  }),
  signIn: createRoute({
    method: 'post',
    path: '/sessions',
    tags,
    summary: 'Sign in with e-mail and password',
    request: { body: body(SignIn) },
    responses: { 200: json(SessionTokens) },
  }),
  refresh: createRoute({
    method: 'post',
    path: '/sessions/refresh',
    tags,
    summary: 'Exchange a refresh token, once, for new tokens',
    request: { body: body(RefreshRequest) },
    responses: { 200: json(SessionTokens) },
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
    summary: 'Change own name or e-mail',
    security,
    request: { body: body(ProfileChange) },
    responses: { 200: json(Profile) },
  }),
  changePassword: createRoute({
    method: 'post',
    path: '/users/me/password',
    tags,
    summary: 'Change own password; ends every other session',
    security,
    request: { body: body(PasswordChange) },
    responses: { 200: json(SessionTokens) },
  }),
  sessions: createRoute({
    method: 'get',
    path: '/users/me/sessions',
    tags,
    summary: 'Own sessions, the most recently refreshed first',
    security,
    responses: { 200: json(z.object({ sessions: z.array(OpenSession) })) },
  }),
  endSessions: createRoute({
    method: 'delete',
    path: '/users/me/sessions',
    tags,
    summary: 'End every own session, this one too',
    security,
    responses: { 204: empty('Ended; access tokens are good for 15 minutes at most') },
  }),
  endSession: createRoute({
    method: 'delete',
    path: '/users/me/sessions/{sessionId}',
    tags,
    summary: 'End one of the own sessions',
    security,
    request: { params: z.strictObject({ sessionId: z.uuid() }) },
    responses: { 204: empty('Ended; access tokens are good for 15 minutes at most') },
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
    request: { body: body(NewAddress) },
    responses: { 201: { ...json(Address, 'Added'), ...location } },
  }),
  replaceAddress: createRoute({
    method: 'put',
    path: '/users/me/addresses/{addressId}',
    tags,
    summary: 'Replace an address',
    security,
    request: { params: addressParams, body: body(NewAddress) },
    responses: { 200: json(Address) },
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
})

/** The facts that users says. `version` rises by one with every change of a user's contact. */
export const users = {
  registered: fact('users-registered-v1', Contact),
  contactChanged: fact('users-contact-changed-v1', Contact),
}
