import { body, createRoute, empty, json, refusal, z } from '@sidecart/chassis/contract/openapi.ts'
import { token } from '@sidecart/chassis/contract/text.ts'
import { Email } from './email.ts'

/** Which mail is due to which address. Its link is not in here, nor in any event: it is made when the mail is sent. */
export const Confirmation = z.object({ confirmationId: z.uuid(), email: z.string() })
export type Confirmation = z.infer<typeof Confirmation>

export const ConfirmationToken = z.strictObject({ token: token(100) }).openapi('ConfirmationToken')

export const ConfirmedEmail = z.object({ email: Email }).openapi('ConfirmedEmail')

export const IssuedConfirmation = z
  .object({
    token: z
      .string()
      .optional()
      .openapi({ description: 'Absent when another account has the address' }),
  })
  .openapi('IssuedConfirmation')
export type IssuedConfirmation = z.infer<typeof IssuedConfirmation>

export const confirmationRoutes = {
  confirm: createRoute({
    method: 'post',
    path: '/confirmations',
    tags: ['users'],
    summary: 'Confirm an e-mail with the token of the mail that was sent to it',
    request: { body: body(ConfirmationToken) },
    responses: {
      200: json(ConfirmedEmail),
      409: refusal('`email-taken`: another account has confirmed this e-mail'),
      410: refusal('`link-void`: the token was used, replaced or is older than a day'),
    },
  }),
  resendConfirmation: createRoute({
    method: 'post',
    path: '/users/me/confirmation',
    tags: ['users'],
    summary: 'Have the mail sent again that confirms the e-mail',
    security: [{ bearer: [] }],
    responses: {
      204: empty('The mail comes soon'),
      409: refusal('`email-confirmed`: there is nothing to confirm'),
    },
  }),
  issueConfirmation: createRoute({
    method: 'post',
    path: '/internal/confirmations',
    tags: ['internal'],
    summary: 'A token for a mail that is sent now',
    request: { body: body(z.strictObject({ confirmationId: z.uuid() })) },
    responses: { 200: json(IssuedConfirmation) },
  }),
}
