import { createWorker, type Worker } from '@sidecart/chassis/core/worker.ts'
import type { App } from '@sidecart/chassis/http/app.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { assertUncommon } from '../common-passwords.ts'
import { usersRoutes } from '../contract.ts'
import { confirmationTokens } from '../credentials.ts'
import { resetSeconds } from '../domain.ts'
import type { PasswordResets, Passwords, Throttle } from '../ports.ts'
import { networkOfClient, type RequestLog } from '../request.ts'

type MountOptions = {
  passwordResets: PasswordResets
  passwords: Passwords
  throttle: Throttle
  now: () => Date
  newId: () => string
  security: RequestLog
}

/**
 * Finds out whom requests are for, up to a second later: nothing of it is in the time of an answer.
 */
export const createPasswordResetWorker = ({
  passwordResets,
  log,
  now,
}: Pick<MountOptions, 'passwordResets' | 'now'> & { log: Log }): Worker =>
  createWorker({
    name: 'password resets',
    log,
    pollMs: 1_000,
    work: () => passwordResets.announceNext(now()),
  })

/** Mounts the routes with which somebody who forgot the password sets another one. */
export function mountPasswordResets(app: App, options: MountOptions): void {
  const { passwordResets, passwords, throttle, now, newId, security } = options
  const inHalfAnHour = () => new Date(now().getTime() + resetSeconds * 1000)

  /** Looks nobody up, so neither the answer nor its time tells who has an account: a worker does, later. */
  app.openapi(usersRoutes.requestPasswordReset, async (c) => {
    const { email } = c.req.valid('json')
    await throttle.passwordReset({ network: networkOfClient(c) })
    await passwordResets.request({ resetId: newId(), email, expiresAt: inHalfAnHour() })
    return c.body(null, 202)
  })

  app.openapi(usersRoutes.issuePasswordReset, async (c) => {
    const { token, hash } = confirmationTokens.create()
    const { resetId } = c.req.valid('json')
    await passwordResets.issue(resetId, { hash, expiresAt: inHalfAnHour() }, now())
    return c.json({ token }, 200)
  })

  app.openapi(usersRoutes.resetPassword, async (c) => {
    const { token, newPassword } = c.req.valid('json')
    const tokenHash = confirmationTokens.hashOf(token)
    const { userId, email } = await passwordResets.find(tokenHash, now())
    assertUncommon(newPassword, email)
    await passwordResets.use(tokenHash, await passwords.hash(newPassword), now())
    await throttle.forget({ email, network: networkOfClient(c) })
    security(c, 'authn_password_change', { userId, action: 'reset' })
    return c.body(null, 204)
  })
}
