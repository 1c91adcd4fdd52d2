import { type App, neverInvoked } from '@sidecart/chassis/http/app.ts'
import { assertUncommon } from '../common-passwords.ts'
import { usersRoutes } from '../contract.ts'
import { confirmationTokens } from '../credentials.ts'
import { acceptInvitation, invitationSeconds, registerConfirmed } from '../domain.ts'
import type { Invitations, Operators, Passwords } from '../ports.ts'
import type { Proofs } from '../proof.ts'
import type { RequestLog } from '../request.ts'

type MountOptions = {
  invitations: Invitations
  operators: Operators
  passwords: Passwords
  now: () => Date
  newId: () => string
  proofs: Proofs
  security: RequestLog
}

/** Mounts the routes with which the owner of the machine appoints operators, and people accept. */
export function mountInvitations(app: App, options: MountOptions): void {
  const { invitations, operators, passwords, now, newId, proofs, security } = options

  app.use('/internal/operators/*', neverInvoked)

  app.openapi(usersRoutes.invite, async (c) => {
    const { token, hash } = confirmationTokens.create()
    const [invitationId, invitedAt] = [newId(), now()]
    const expiresAt = new Date(invitedAt.getTime() + invitationSeconds * 1000)
    const { email } = c.req.valid('json')
    const invitation = { invitationId, email, tokenHash: hash, invitedAt, expiresAt }
    const { hasAccount } = await invitations.add(invitation)
    security(c, 'authz_admin', { action: 'operator-invited', invitationId })
    return c.json({ token, expiresAt: expiresAt.toISOString(), hasAccount }, 201)
  })

  app.openapi(usersRoutes.operators, async (c) => {
    const { operators: all, invitations } = await operators.list(now())
    return c.json(
      {
        operators: all.map(({ user: { userId, email, name }, refreshedAt, ...rest }) => ({
          ...{ userId, email, name },
          ...rest,
          ...(refreshedAt && { refreshedAt: refreshedAt.toISOString() }),
        })),
        invitations: invitations.map(({ email, invitedAt, expiresAt }) => ({
          email,
          invitedAt: invitedAt.toISOString(),
          expiresAt: expiresAt.toISOString(),
        })),
      },
      200,
    )
  })

  app.openapi(usersRoutes.revokeOperator, async (c) => {
    const { email } = c.req.valid('json')
    const { userId, ...rest } = await operators.revoke(email, now())
    if (userId) security(c, 'authz_change', { userId, action: 'operator-revoked' })
    return c.json({ wasOperator: userId !== undefined, ...rest }, 200)
  })

  app.openapi(usersRoutes.lookUpInvitation, async (c) => {
    const hash = confirmationTokens.hashOf(c.req.valid('json').token)
    const { email, hasAccount, expiresAt } = await invitations.find(hash, now())
    return c.json({ email, hasAccount, expiresAt: expiresAt.toISOString() }, 200)
  })

  app.openapi(usersRoutes.registerOperator, async (c) => {
    const { token, name, password } = c.req.valid('json')
    const hash = confirmationTokens.hashOf(token)
    assertUncommon(password, (await invitations.find(hash, now())).email)
    const passwordHash = await passwords.hash(password)
    const { user, invitationId } = await invitations.register(hash, now(), (email) => ({
      change: registerConfirmed({ userId: newId(), email, name, now: now() }, 'operator'),
      passwordHash,
    }))
    security(c, 'user_created', { userId: user.userId })
    security(c, 'authz_change', { userId: user.userId, action: 'operator-accepted', invitationId })
    return c.json({ email: user.email }, 201)
  })

  app.openapi(usersRoutes.acceptInvitation, async (c) => {
    const { token, currentPassword } = c.req.valid('json')
    const tokenHash = confirmationTokens.hashOf(token)
    await invitations.find(tokenHash, now())
    const { userId } = await proofs.provePassword(c, currentPassword)
    const accepted = await invitations.accept({ tokenHash, userId, now: now() }, acceptInvitation)
    const { invitationId } = accepted
    security(c, 'authz_change', { userId, action: 'operator-accepted', invitationId })
    return c.json({ email: accepted.user.email }, 200)
  })
}
