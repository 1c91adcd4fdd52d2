import type { MessagingTables } from '@sidecart/chassis/persistence/messaging-tables.ts'
import type { Generated, Transaction } from 'kysely'
import type { User } from '../domain.ts'

export type UserRow = {
  user_id: string
  email: string
  name: string
  role: User['role']
  order_updates: boolean
  payment_updates: boolean
  marketing: boolean
  version: number
  registered_at: Date
  email_confirmed_at: Date | null
  awaited_confirmation: string | null
  awaited_email: string | null
}

export type AddressRow = {
  address_id: string
  user_id: string
  name: string
  street: string
  postal_code: string
  city: string
  country: string
  fingerprint: Buffer
}

export type SessionRow = {
  session_id: string
  user_id: string
  serial: number
  opened_at: Date
  rotated_at: Date
  expires_at: Date
  ended_at: Date | null
}

export type RefreshTokenRow = {
  hash: Buffer
  session_id: string
  serial: number
  /** How the token was made from its predecessor, as long as its predecessor may be presented again. */
  salt: Buffer | null
  issued_at: Date
}

export type UsersTables = {
  users: UserRow
  credentials: { user_id: string; password_hash: string }
  addresses: AddressRow
  sessions: SessionRow
  refresh_tokens: RefreshTokenRow
  confirmation_tokens: {
    hash: Buffer
    user_id: string
    confirmation_id: string
    expires_at: Date
  }
  password_resets: {
    reset_id: string
    email: string
    /** Absent until somebody has looked for the account. */
    user_id: string | null
    /** Absent until the mail is sent. */
    hash: Buffer | null
    expires_at: Date
  }
  second_factors: {
    user_id: string
    sealed_secret: string
    /** Number of the 30 s step of the last code that was accepted. */
    last_step: Generated<string | number>
    confirmed_at: Date | null
  }
  operator_invitations: {
    email: string
    invitation_id: string
    hash: Buffer
    invited_at: Date
    expires_at: Date
  }
  recovery_codes: { user_id: string; hash: Buffer }
  known_networks: { user_id: string; network: string; seen_at: Date }
  /** In the form that `rate-limiter-flexible` gives it. */
  limits: { key: string; points: number; expire: number | null }
}

export const uniqueViolation = '23505'

export type Rows = Transaction<UsersTables & MessagingTables>
