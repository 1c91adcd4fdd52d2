import { body, createRoute, empty, json, refusal, z } from '@sidecart/chassis/contract/openapi.ts'
import { token } from '@sidecart/chassis/contract/text.ts'
import { Password } from '../account-fields.ts'
import { Email } from '../email.ts'

/** Which mail is due. Its link is not in here, nor in any event: it is made when the mail is sent. */
export const DuePasswordReset = z.object({ resetId: z.uuid() })

export const PasswordResetRequest = z.strictObject({ email: Email }).openapi('PasswordResetRequest')

export const PasswordReset = z
  .strictObject({ token: token(100), newPassword: Password })
  .openapi('PasswordReset')

export const passwordResetRoutes = {
  requestPasswordReset: createRoute({
    method: 'post',
    path: '/password-resets',
    tags: ['users'],
    summary:
      'Have a link mailed that sets another password, if an account has confirmed the e-mail',
    request: { body: body(PasswordResetRequest) },
    responses: { 202: empty('Taken, whether or not there is an account') },
  }),
  resetPassword: createRoute({
    method: 'post',
    path: '/password-resets/redemption',
    tags: ['users'],
    summary: 'Set another password with the token of the mail; ends every session',
    request: { body: body(PasswordReset) },
    responses: {
      204: empty('Sign in with the new password, and with a code where a second factor is on'),
      410: refusal('`link-void`: the token was used, replaced or is older than 30 minutes'),
      422: refusal('`common-password`: many people use this password'),
    },
  }),
  issuePasswordReset: createRoute({
    method: 'post',
    path: '/internal/password-resets',
    tags: ['internal'],
    summary: 'A token for a mail that is sent now',
    request: { body: body(DuePasswordReset.strict()) },
    responses: { 200: json(z.object({ token: z.string() }).openapi('IssuedPasswordReset')) },
  }),
}
