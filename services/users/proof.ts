import { Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import { refuse, type User } from './domain.ts'
import type { Credentials, Passwords, Throttle, Users } from './ports.ts'
import { type Asking, networkOfClient, type RequestLog } from './request.ts'
import type { SecondFactorCheck } from './second-factor/app.ts'

export type Proof = { currentPassword: string; code?: string | undefined }
type Attempt = { account?: string | undefined; user?: User | undefined }

type ProofOptions = {
  users: Users
  credentials: Credentials
  passwords: Passwords
  throttle: Throttle
  secondFactor: SecondFactorCheck
  security: RequestLog
}

export type Proofs = ReturnType<typeof createProofs>

/** Checks by a password, and a code where a second factor is on, who somebody is. Every attempt is throttled and logged. */
export function createProofs(options: ProofOptions) {
  const { users, credentials, passwords, throttle, secondFactor, security } = options

  /** @throws Refusal `unauthenticated` when there is no such user */
  async function existing(userId: string): Promise<User> {
    const user = await users.find(userId)
    if (!user) throw refused('unauthenticated', 'This account does not exist.')
    return user
  }

  /**
   * The user whose e-mail and password these are. Any number of accounts may claim an e-mail, so two passwords are
   * compared, whether or not there are as many: its owner's and the newest claimant's.
   */
  async function userWith(email: string, password: string): Promise<Attempt> {
    const { owner, newcomer } = await credentials.of(email)
    const account = (owner ?? newcomer)?.user.userId
    for (const known of [owner, newcomer])
      if ((await passwords.match(password, known?.passwordHash)) && known)
        return { account: known.user.userId, user: known.user }
    return { account }
  }

  /** Makes an attempt to prove who somebody is, as often as that may be tried for an e-mail. */
  async function prove(
    c: Asking,
    email: string,
    attempt: () => Promise<Attempt>,
  ): Promise<User | undefined> {
    let account: string | undefined
    const user = await throttle
      .signIn({ email, network: networkOfClient(c) }, async () => {
        const made = await attempt()
        account = made.account
        return made.user
      })
      .catch((error: unknown) => {
        if (error instanceof Refusal && error.code === 'wrong-code')
          security(c, 'authn_login_fail', { reason: error.code })
        throw error
      })
    security(c, user ? 'authn_login_success' : 'authn_login_fail', { userId: account })
    return user
  }

  /** Asks for as much as signing in does: before a change of what one signs in with. */
  function proveOwner(c: Asking, { currentPassword, code }: Proof): Promise<User> {
    return provePassword(c, currentPassword, (userId) =>
      secondFactor.mustPass(userId, code, 'code-required'),
    )
  }

  async function provePassword(
    c: Asking,
    password: string,
    proveMore?: (userId: string) => Promise<void>,
  ): Promise<User> {
    const { userId, email } = await existing(c.get('identity').userId)
    const user = await prove(c, email, async () => {
      const known = await credentials.ofUser(userId)
      const isRight = await passwords.match(password, known?.passwordHash)
      if (isRight) await proveMore?.(userId)
      return { account: userId, user: isRight ? known?.user : undefined }
    })
    if (!user) throw refuse('wrong-password', 'Send the current password of this account.')
    return user
  }

  /** The user who signs in. @throws Refusal `wrong-credentials`, `second-factor-required`, `wrong-code` */
  async function proveAccount(
    c: Asking,
    { email, password, code }: { email: string; password: string; code?: string | undefined },
  ): Promise<User> {
    const user = await prove(c, email, async () => {
      const attempt = await userWith(email, password)
      if (attempt.user) await secondFactor.mustPass(attempt.user.userId, code)
      return attempt
    })
    if (!user) throw refuse('wrong-credentials', 'No account has this e-mail and password.')
    return user
  }

  return { existing, proveAccount, provePassword, proveOwner }
}
