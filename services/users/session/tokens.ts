import type { Role } from '@sidecart/chassis/http/authentication.ts'
import { accessTokenSeconds } from '../credentials.ts'
import { openSession, type Session, type User } from '../domain.ts'
import type { AccessTokens, RefreshTokens, Sessions } from '../ports.ts'
import type { SecondFactorCheck } from '../second-factor/app.ts'
import type { SessionTokens } from './contract.ts'

type TokenOptions = {
  sessions: Sessions
  accessTokens: AccessTokens
  refreshTokens: RefreshTokens
  secondFactor: SecondFactorCheck
  /** Roles whose tokens have the rights of a customer until a second factor is on. */
  secondFactorRequired?: readonly Role[]
  now: () => Date
  newId: () => string
}

export type IssuedTokens = ReturnType<typeof createTokens>

/** Issues the tokens of sessions. */
export function createTokens(options: TokenOptions) {
  const { sessions, accessTokens, refreshTokens, secondFactor, now, newId } = options
  const { secondFactorRequired = [] } = options

  const lacksSecondFactor = async ({ userId, role }: User): Promise<boolean> =>
    secondFactorRequired.includes(role) && !(await secondFactor.isOn(userId))

  async function signIn(user: User): Promise<SessionTokens> {
    const { token, hash } = refreshTokens.create()
    const session = openSession(newId(), user.userId, now(), user.role)
    await sessions.open(session, hash)
    return tokensFor(user, session, token)
  }

  /** The tokens as of the session's last rotation: anyone who asks again within its grace period gets the same. */
  async function tokensFor(
    user: User,
    session: Session,
    refreshToken: string,
  ): Promise<SessionTokens> {
    const role = (await lacksSecondFactor(user)) ? 'customer' : user.role
    const accessToken = await accessTokens.issue({ ...user, role }, session.rotatedAt, session)
    const age = Math.ceil((now().getTime() - session.rotatedAt.getTime()) / 1000)
    return { accessToken, refreshToken, expiresIn: accessTokenSeconds - Math.max(0, age) }
  }

  return { signIn, tokensFor, lacksSecondFactor }
}
