import type { Identity } from '@sidecart/chassis/http/authentication.ts'
import type { Address, PostalAddress, RequestCount } from './contract.ts'
import type { Change, Outcome, Session, User } from './domain.ts'

export type Users = {
  /** @throws Refusal `email-taken` when the e-mail counts as confirmed and another account has it */
  add(change: Change, passwordHash: string, address?: Address): Promise<User>
  find(userId: string): Promise<User | undefined>
  /** Ids of at most `limit` accounts with an e-mail: first the one that has confirmed it, then the newest. */
  idsWith(email: string, limit: number): Promise<string[]>
  /** @throws Refusal `unauthenticated` when there is no such user */
  update(userId: string, decide: (user: User) => Change): Promise<User>
}

export type Credential = { user: User; passwordHash: string }

export type Credentials = {
  /** The account that has confirmed the e-mail, and the newest of those that have not. */
  of(email: string): Promise<{ owner?: Credential; newcomer?: Credential }>
  ofUser(userId: string): Promise<Credential | undefined>
  /** Stores the new hash, ends every session of the user, voids links to another password, and emits the change. */
  replace(userId: string, passwordHash: string, now: Date): Promise<void>
}

/** Everything here is the user's own: another's address does not exist. */
export type Addresses = {
  list(userId: string): Promise<Address[]>
  find(userId: string, addressId: string): Promise<Address | undefined>
  /**
   * Returns the address as it is in the book: the one that was there when it is the same.
   * @throws Refusal `too-many-addresses`
   */
  add(userId: string, address: Address): Promise<Address>
  /** @throws Refusal `not-found`, `address-known` */
  replace(userId: string, addressId: string, address: PostalAddress): Promise<void>
  /** @throws Refusal `not-found` */
  remove(userId: string, addressId: string): Promise<void>
}

/** A refresh token's successor, which only a holder of that token can compute from the stored `salt`. */
export type Successor = { token: string; hash: Buffer; salt: Buffer }

/** Refresh tokens are known here only by their hashes. */
export type Sessions = {
  /** Adds a session. The least recently used ones of the user end when there are too many. */
  open(session: Session, tokenHash: Buffer): Promise<void>
  /**
   * Decides on the token as it is; when that rotates it, `next` is the newest from then on. Returns the salt of the
   * newest token, unless a version of this service without salts made it.
   */
  present(
    tokenHash: Buffer,
    next: Successor,
    now: Date,
  ): Promise<{ outcome: Outcome; session?: Session; salt?: Buffer }>
  end(tokenHash: Buffer, now: Date): Promise<void>
  /** Sessions of a user that have not ended, the most recently refreshed first. */
  list(userId: string, now: Date): Promise<Session[]>
  /** Ends a user's session, or all of them. Returns how many there were. */
  endOwn(userId: string, now: Date, sessionId?: string): Promise<number>
  /**
   * Ids of sessions that ended since a time; without one, of all whose access tokens can be alive. Some ended shortly
   * before `since`: instances differ in their clocks, and an end counts from before it is committed.
   */
  endedSince(since: Date | undefined, now: Date): Promise<string[]>
  /** Drops sessions that expired before `now`, or ended a day before. */
  forgetExpired(now: Date): Promise<void>
}

/** The tokens of links in mails, known here only by their hashes. */
export type Confirmations = {
  /**
   * Stores a token for a confirmation that is awaited.
   *
   * @returns `taken`, and stores nothing, when another account has the address
   * @throws Refusal `not-found` when it is not awaited any more
   */
  issue(confirmationId: string, tokenHash: Buffer, expiresAt: Date): Promise<'issued' | 'taken'>
  /**
   * Decides on the user whose confirmation a token belongs to, and voids every token of that user.
   *
   * @throws Refusal `link-void`, `email-taken` when another account has confirmed the address meanwhile
   */
  use(
    tokenHash: Buffer,
    now: Date,
    decide: (user: User, confirmationId: string) => Change,
  ): Promise<User>
  forgetExpired(now: Date): Promise<void>
}

/** Links that set another password; their tokens are known here only by their hashes. */
export type PasswordResets = {
  /** Stores a request, whether or not there is an account. */
  request(request: { resetId: string; email: string; expiresAt: Date }): Promise<void>
  /**
   * Takes the oldest request: makes a mail due to the account that has confirmed the e-mail, unless there is none or it
   * has enough links. Returns false when there was no request.
   */
  announceNext(now: Date): Promise<boolean>
  /** Stores the token of a mail in place of an earlier one. @throws Refusal `not-found` when it is not awaited any more */
  issue(resetId: string, link: { hash: Buffer; expiresAt: Date }, now: Date): Promise<void>
  /** @throws Refusal `link-void` */
  find(tokenHash: Buffer, now: Date): Promise<{ userId: string; email: string }>
  /**
   * Stores the new hash, voids every link and ends every session of the user, and emits the change.
   *
   * @throws Refusal `link-void`
   */
  use(tokenHash: Buffer, passwordHash: string, now: Date): Promise<void>
  forgetExpired(now: Date): Promise<void>
}

/** Invitations to run the shop; their tokens are known here only by their hashes. */
export type Invitations = {
  /**
   * Stores an invitation in place of an earlier one of the same e-mail. Returns whether an account has the e-mail.
   *
   * @throws Refusal `already-operator`
   */
  add(invitation: NewInvitation): Promise<{ hasAccount: boolean }>
  /** @throws Refusal `link-void` */
  find(tokenHash: Buffer, now: Date): Promise<OpenInvitation>
  /**
   * Uses an invitation up and adds the account that is decided on.
   *
   * @throws Refusal `link-void`, `email-taken`
   */
  register(
    tokenHash: Buffer,
    now: Date,
    decide: (email: string) => { change: Change; passwordHash: string },
  ): Promise<Accepted>
  /**
   * Uses an invitation up, stores what is decided on its user, and ends every session of the user.
   *
   * @throws Refusal `link-void`
   */
  accept(
    by: { tokenHash: Buffer; userId: string; now: Date },
    decide: (user: User, email: string) => User,
  ): Promise<Accepted>
  forgetExpired(now: Date): Promise<void>
}

export type NewInvitation = {
  invitationId: string
  email: string
  tokenHash: Buffer
  invitedAt: Date
  expiresAt: Date
}

export type OpenInvitation = {
  invitationId: string
  email: string
  hasAccount: boolean
  expiresAt: Date
}

export type Accepted = { invitationId: string; user: User }

/** Those who run the shop, and those who were asked to. */
export type Operators = {
  list(now: Date): Promise<{
    operators: {
      user: User
      secondFactor: boolean
      sessions: number
      refreshedAt?: Date
    }[]
    invitations: { email: string; invitedAt: Date; expiresAt: Date }[]
  }>
  /** Takes the role and every session from an operator, and voids the invitation of an e-mail. */
  revoke(email: string, now: Date): Promise<Revoked>
}

export type Revoked = { userId?: string; wasInvited: boolean; sessionsEnded: number }

/** The second factor of a user: an authenticator app, and recovery codes for when the app is lost. */
export type SecondFactors = {
  find(userId: string): Promise<SecondFactor | undefined>
  /** Stores a secret to be confirmed. @throws Refusal `second-factor-on` */
  propose(userId: string, sealedSecret: string): Promise<void>
  /**
   * Turns the second factor on, ends every session but this one, and announces the change.
   *
   * @throws Refusal `second-factor-on` when it is on, or another secret was proposed meanwhile
   */
  confirm(first: FirstCode): Promise<void>
  /** Accepts the code of a step once. Returns false when that code or a later one was accepted before. */
  useStep(userId: string, step: number): Promise<boolean>
  /** Accepts a recovery code once. */
  useRecoveryCode(userId: string, hash: Buffer): Promise<boolean>
  /** Turns the second factor off and announces that. */
  remove(userId: string): Promise<void>
}

export type FirstCode = {
  userId: string
  sessionId: string | undefined
  sealedSecret: string
  step: number
  recoveryHashes: readonly Buffer[]
  now: Date
}

export type SecondFactor = {
  sealedSecret: string
  confirmedAt?: Date
  /** Number of recovery codes that were not used. */
  recoveryCodes: number
}

/** Encrypts secrets of authenticator apps, so that a copy of the database is of no use. */
export type SecretBox = {
  seal(userId: string, secret: string): Promise<string>
  /** @throws Error when the text was sealed for another user or by another key */
  open(userId: string, sealed: string): Promise<string>
}

export type Passwords = {
  hash(password: string): Promise<string>
  /** Takes as long when there is no hash to compare with. */
  match(password: string, hash: string | undefined): Promise<boolean>
}

export type PublicKey = {
  kty: 'OKP'
  crv: 'Ed25519'
  x: string
  kid: string
  alg: 'EdDSA'
  use: 'sig'
}

export type AccessTokens = {
  /** The same arguments give the same token, when `session` is among them. */
  issue(identity: Identity, now: Date, session?: Session): Promise<string>
  /** A JWK set of public keys. */
  published: { keys: PublicKey[] }
}

export type RefreshTokens = {
  create(): { token: string; hash: Buffer }
  /** @param salt the one by which the successor was made before; without it another successor is made */
  succeed(token: string, salt?: Buffer): Successor
  hashOf(token: string): Buffer
}

export type Limiter = {
  /** Counts one. Returns the milliseconds until there is room again when that was one too many. */
  consume(key: string): Promise<number | undefined>
  /** Takes one back. */
  reward(key: string): Promise<void>
  /** Takes all back. */
  forget(key: string): Promise<void>
}

/** Counts per key and time that all instances share. */
export type Limiters = {
  /** Adds to the requests of a client within a second. */
  addRequests(client: string, requests: number): Promise<RequestCount>
  create(name: string, rule: { points: number; seconds: number }): Limiter
  forgetExpired(now: Date): Promise<void>
}

/** The networks from which somebody proved to be a user. */
export type KnownNetworks = {
  isKnown(email: string, network: string): Promise<boolean>
  remember(userId: string, network: string, now?: Date): Promise<void>
  /** Drops those from which nobody signed in for 90 days. */
  forgetOld(now: Date): Promise<void>
}

export type Throttle = {
  /**
   * Makes an attempt to prove who somebody is. It counts as a wrong one until it returns a user.
   *
   * @throws Refusal `too-many-requests` with `retryAfterSeconds`, without making the attempt
   */
  signIn(
    by: { email: string; network: string },
    attempt: () => Promise<User | undefined>,
  ): Promise<User | undefined>
  /** @throws Refusal `too-many-requests` with `retryAfterSeconds`, without making the attempt */
  register(by: { network: string }, attempt: () => Promise<User>): Promise<User>
  /**
   * Counts a mail that confirms an address. Returns whether the address may get one more; an account that asked too
   * often is refused, but who asks must not learn what others have asked for.
   *
   * @param by `userId` is absent for an account that does not exist yet
   * @throws Refusal `too-many-requests` with `retryAfterSeconds`
   */
  confirmation(by: { userId?: string; email: string }): Promise<boolean>
  /**
   * Counts a request for a link that sets another password, for any e-mail.
   *
   * @throws Refusal `too-many-requests` with `retryAfterSeconds`
   */
  passwordReset(by: { network: string }): Promise<void>
  /** Wrong passwords from a network do not count any more: their account has another one. */
  forget(by: { email: string; network: string }): Promise<void>
  /**
   * Checks a code of a second factor. It counts as a wrong one until the check succeeds.
   *
   * @throws Refusal `too-many-requests` with `retryAfterSeconds`, without the check
   */
  code(by: { userId: string }, check: () => Promise<boolean>): Promise<boolean>
}
