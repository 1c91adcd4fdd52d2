import type { Migration } from 'kysely/migration'
import * as initial from './001-initial.ts'
import * as refreshAgain from './002-refresh-again.ts'
import * as limits from './003-limits.ts'
import * as oneEntryPerAddress from './004-one-entry-per-address.ts'
import * as fieldNames from './005-field-names.ts'
import * as confirmations from './006-confirmations.ts'
import * as secondFactors from './007-second-factors.ts'
import * as operatorInvitations from './008-operator-invitations.ts'
import * as passwordResets from './009-password-resets.ts'
import * as endedSessions from './010-ended-sessions.ts'

export const migrations: Record<string, Migration> = {
  '001-initial': initial,
  '002-refresh-again': refreshAgain,
  '003-limits': limits,
  '004-one-entry-per-address': oneEntryPerAddress,
  '005-field-names': fieldNames,
  '006-confirmations': confirmations,
  '007-second-factors': secondFactors,
  '008-operator-invitations': operatorInvitations,
  '009-password-resets': passwordResets,
  '010-ended-sessions': endedSessions,
}
