import type { Database } from '@sidecart/chassis/persistence/database.ts'
import type {
  Addresses,
  Confirmations,
  Credentials,
  Invitations,
  KnownNetworks,
  Limiters,
  Operators,
  PasswordResets,
  SecondFactors,
  Sessions,
  Users,
} from './ports.ts'
import { createAddresses } from './store/addresses.ts'
import { createConfirmations } from './store/confirmations.ts'
import { createKnownNetworks } from './store/known-networks.ts'
import { createLimiters } from './store/limits.ts'
import { createInvitations, createOperators } from './store/operators.ts'
import { createPasswordResets } from './store/password-resets.ts'
import { createSecondFactors } from './store/second-factors.ts'
import { createSessions } from './store/sessions.ts'
import type { UsersTables } from './store/tables.ts'
import { createCredentials, createUsers } from './store/users.ts'

export type { UsersTables } from './store/tables.ts'

export type UsersStore = {
  users: Users
  credentials: Credentials
  addresses: Addresses
  confirmations: Confirmations
  invitations: Invitations
  operators: Operators
  passwordResets: PasswordResets
  secondFactors: SecondFactors
  sessions: Sessions
  networks: KnownNetworks
  limiters: Limiters
}

/** Accounts and what belongs to them, in the service's own database. */
export const createUserStore = (database: Database<UsersTables>): UsersStore => ({
  users: createUsers(database),
  credentials: createCredentials(database),
  addresses: createAddresses(database),
  confirmations: createConfirmations(database),
  invitations: createInvitations(database),
  operators: createOperators(database),
  passwordResets: createPasswordResets(database),
  secondFactors: createSecondFactors(database),
  sessions: createSessions(database),
  networks: createKnownNetworks(database),
  limiters: createLimiters(database),
})
