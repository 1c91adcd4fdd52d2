import { body, createRoute, json, refusal, z } from '@sidecart/chassis/contract/openapi.ts'
import { token } from '@sidecart/chassis/contract/text.ts'
import { GivenPassword, Name, Password } from '../account-fields.ts'
import { Email } from '../email.ts'

const givenToken = token(100)
const timestamp = z.iso.datetime()

export const InvitationToken = z.strictObject({ token: givenToken }).openapi('InvitationToken')

export const OpenInvitation = z
  .object({
    email: Email,
    hasAccount: z.boolean().openapi({
      description: 'Whether an account has confirmed the e-mail; that one becomes the operator’s',
    }),
    expiresAt: timestamp,
  })
  .openapi('OpenInvitation')
export type OpenInvitation = z.infer<typeof OpenInvitation>

export const OperatorRegistration = z
  .strictObject({ token: givenToken, name: Name, password: Password })
  .openapi('OperatorRegistration')

export const InvitationAcceptance = z
  .strictObject({ token: givenToken, currentPassword: GivenPassword })
  .openapi('InvitationAcceptance')

const AcceptedInvitation = z.object({ email: Email }).openapi('AcceptedInvitation')

export const Operator = z
  .object({
    userId: z.uuid(),
    email: Email,
    name: z.string(),
    secondFactor: z.boolean(),
    sessions: z.int().openapi({ description: 'Sessions that are open' }),
    refreshedAt: timestamp
      .optional()
      .openapi({ description: 'The last refresh of those sessions' }),
  })
  .openapi('Operator')
export type Operator = z.infer<typeof Operator>

export const Invitation = z
  .object({ email: Email, invitedAt: timestamp, expiresAt: timestamp })
  .openapi('Invitation')
export type Invitation = z.infer<typeof Invitation>

const byEmail = { body: body(z.strictObject({ email: Email })) }
const linkVoid = refusal('`link-void`: the link was used, replaced or is older than a day')
const internal = ['internal']

/** Routes under `/internal/operators` are for the owner of this machine: no other service may call them. */
export const invitationRoutes = {
  lookUpInvitation: createRoute({
    method: 'post',
    path: '/invitations/lookup',
    tags: ['users'],
    summary: 'Whom an invitation to run the shop is for',
    request: { body: body(InvitationToken) },
    responses: { 200: json(OpenInvitation), 410: linkVoid },
  }),
  registerOperator: createRoute({
    method: 'post',
    path: '/invitations',
    tags: ['users'],
    summary: 'Accept an invitation with a new account, which is an operator’s',
    request: { body: body(OperatorRegistration) },
    responses: {
      201: json(AcceptedInvitation, 'Registered; sign in next'),
      409: refusal('`email-taken`: sign in to the account with this e-mail, and accept there'),
      410: linkVoid,
      422: refusal('`common-password`: many people use this password'),
    },
  }),
  acceptInvitation: createRoute({
    method: 'post',
    path: '/users/me/invitation',
    tags: ['users'],
    summary: 'Accept an invitation with the own account; ends every session, this one too',
    security: [{ bearer: [] }],
    request: { body: body(InvitationAcceptance) },
    responses: {
      200: json(AcceptedInvitation, 'Sign in again: as an operator'),
      403: refusal('`wrong-password`, or `another-account`: the invitation is for another e-mail'),
      410: linkVoid,
    },
  }),
  invite: createRoute({
    method: 'post',
    path: '/internal/operators/invitations',
    tags: internal,
    summary: 'Invite somebody to run the shop; an earlier invitation of the same e-mail is void',
    request: byEmail,
    responses: {
      201: json(
        z.object({ token: z.string(), expiresAt: timestamp, hasAccount: z.boolean() }),
        'The token is for the link, and is shown this once',
      ),
      409: refusal('`already-operator`'),
    },
  }),
  operators: createRoute({
    method: 'get',
    path: '/internal/operators',
    tags: internal,
    summary: 'Operators, and invitations that were not accepted yet',
    responses: {
      200: json(z.object({ operators: z.array(Operator), invitations: z.array(Invitation) })),
    },
  }),
  revokeOperator: createRoute({
    method: 'post',
    path: '/internal/operators/revocations',
    tags: internal,
    summary: 'Make an operator a customer and end every session, or withdraw an invitation',
    request: byEmail,
    responses: {
      200: json(
        z.object({
          wasOperator: z.boolean(),
          wasInvited: z.boolean(),
          sessionsEnded: z.int(),
        }),
      ),
    },
  }),
}
