import { createWorker, type Worker } from '@sidecart/chassis/core/worker.ts'
import type { App, AppEnv } from '@sidecart/chassis/http/app.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import type { SecurityFields, SecurityLog } from '@sidecart/chassis/observability/security-log.ts'
import type { Context } from 'hono'
import { usersRoutes } from '../contract.ts'
import { confirmationTokens } from '../credentials.ts'
import { resetSeconds } from '../domain.ts'
import type { PasswordResets, Passwords, Throttle } from '../ports.ts'

type MountOptions = {
  passwordResets: PasswordResets
  passwords: Passwords
  throttle: Throttle
  now: () => Date
  newId: () => string
  assertUncommon: (password: string, email: string) => void
  networkOfClient: (c: Context<AppEnv>) => string
  log: (c: Context<AppEnv>, event: Parameters<SecurityLog>[0], fields: SecurityFields) => void
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
  const { passwordResets, passwords, throttle, now, newId, assertUncommon, networkOfClient } =
    options
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
    options.log(c, 'authn_password_change', { userId, action: 'reset' })
    return c.body(null, 204)
  })
}
