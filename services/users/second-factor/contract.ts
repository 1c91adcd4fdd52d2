import { body, createRoute, empty, json, refusal, z } from '@sidecart/chassis/contract/openapi.ts'
import { secret } from '@sidecart/chassis/contract/text.ts'

/** Six digits of an authenticator app, or a recovery code. */
export const Code = z
  .string()
  .regex(
    /^(?:[0-9]{6}|[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3,6})$/,
    'six digits, or a recovery code such as ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23',
  )
  .openapi('Code', { example: '123456' })

export const SecondFactorState = z
  .object({
    on: z.boolean(),
    recoveryCodes: z.int().openapi({ description: 'Recovery codes that were not used yet' }),
  })
  .openapi('SecondFactorState')

export const SecondFactorSecret = z
  .object({
    secret: z.string().openapi({ description: 'Base32, for typing it into an app' }),
    uri: z.string().openapi({ description: '`otpauth://`, as in the QR code that an app scans' }),
  })
  .openapi('SecondFactorSecret')

export const RecoveryCodes = z
  .object({
    recoveryCodes: z.array(z.string()).openapi({
      description: 'Each is accepted once instead of a code; they are not shown again',
    }),
  })
  .openapi('RecoveryCodes')

export const wrongCode = refusal('`wrong-code`: another one, used before, or too old')
const wrongPassword = refusal('`wrong-password`: the current password is another one')
export const notProven = refusal(
  '`wrong-password`: the current password is another one; `code-required`: send a `code` too; `wrong-code`: another one, used before, or too old',
)

const currentPassword = secret({ min: 1, max: 128 })
const tags = ['users']
const security = [{ bearer: [] }]
const path = '/users/me/second-factor'

export const secondFactorRoutes = {
  secondFactor: createRoute({
    method: 'get',
    path,
    tags,
    summary: 'Whether signing in takes a second factor',
    security,
    responses: { 200: json(SecondFactorState) },
  }),
  addSecondFactor: createRoute({
    method: 'post',
    path,
    tags,
    summary: 'Get a secret for an authenticator app; a code of the app turns the second factor on',
    security,
    request: { body: body(z.strictObject({ currentPassword })) },
    responses: {
      200: json(SecondFactorSecret),
      403: wrongPassword,
      409: refusal('`second-factor-on`: turn it off first'),
    },
  }),
  confirmSecondFactor: createRoute({
    method: 'post',
    path: `${path}/confirmation`,
    tags,
    summary: 'Turn the second factor on with a code of the app; ends every other session',
    security,
    request: { body: body(z.strictObject({ code: Code })) },
    responses: {
      200: json(RecoveryCodes),
      403: wrongCode,
      409: refusal(
        '`second-factor-off`: ask for a secret first; `second-factor-on`: it is on already',
      ),
    },
  }),
  removeSecondFactor: createRoute({
    method: 'post',
    path: `${path}/removal`,
    tags,
    summary: 'Turn the second factor off',
    security,
    request: { body: body(z.strictObject({ currentPassword, code: Code })) },
    responses: {
      204: empty('Signing in takes the password only'),
      403: refusal('`wrong-password`; `wrong-code`'),
      409: refusal('`second-factor-off`: there is none'),
    },
  }),
}
