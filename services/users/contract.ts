import {
  body,
  createRoute,
  defineEvent,
  json,
  refusal,
  z,
} from '@sidecart/chassis/contract/openapi.ts'
import { token } from '@sidecart/chassis/contract/text.ts'
import { Role } from '@sidecart/chassis/http/authentication.ts'
import { GivenPassword, Name, Password } from './account-fields.ts'
import { addressRoutes } from './addresses/contract.ts'
import { Confirmation, confirmationRoutes } from './confirmation-contract.ts'
import { Email } from './email.ts'
import { invitationRoutes } from './invitation/contract.ts'
import { DuePasswordReset, passwordResetRoutes } from './password-reset/contract.ts'
import { Code, notProven, secondFactorRoutes } from './second-factor/contract.ts'
import { SessionTokens, sessionRoutes } from './session/contract.ts'

export { Name } from './account-fields.ts'
export { keptAddress, mustShipTo, PostalAddress, ShipsTo } from './addresses/address.ts'
export { Address } from './addresses/contract.ts'
export type { Confirmation } from './confirmation-contract.ts'
export { Email } from './email.ts'
export type { Invitation, Operator } from './invitation/contract.ts'
export type { SessionTokens } from './session/contract.ts'

export const UserId = z.uuid().openapi({ example: '018f0000-0000-7000-8000-000000000001' })

export const Preferences = z
  .strictObject({ orderUpdates: z.boolean(), paymentUpdates: z.boolean(), marketing: z.boolean() })
  .openapi('NotificationPreferences')
export type Preferences = z.infer<typeof Preferences>

/** Requests of one client in the current second, at all gateways. */
export const RequestCount = z.strictObject({
  total: z.int(),
  endsInMs: z.int().openapi({ description: 'Milliseconds until the second ends' }),
})
export type RequestCount = z.infer<typeof RequestCount>

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

export const PasswordChange = z
  .strictObject({
    currentPassword: GivenPassword,
    newPassword: Password,
    code: Code.optional().openapi({ description: 'Needed by accounts with a second factor' }),
  })
  .openapi('PasswordChange')
const tags = ['users']
const security = [{ bearer: [] }]
const location = { headers: z.object({ location: z.string() }) }
const commonPassword = refusal('`common-password`: many people use this password')
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
  ...sessionRoutes,
  ...addressRoutes,
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
