import type { Migration } from 'kysely/migration'
import * as initial from './001-initial.ts'
import * as nextAttempts from './002-next-attempts.ts'
import * as notices from './003-notices.ts'
import * as recentChanges from './004-recent-changes.ts'
import * as fieldNames from './005-field-names.ts'
import * as operators from './006-operators.ts'
import * as heldMails from './007-held-mails.ts'
import * as traceContext from './008-trace-context.ts'
import * as retention from './009-retention.ts'

export const migrations: Record<string, Migration> = {
  '001-initial': initial,
  '002-next-attempts': nextAttempts,
  '003-notices': notices,
  '004-recent-changes': recentChanges,
  '005-field-names': fieldNames,
  '006-operators': operators,
  '007-held-mails': heldMails,
  '008-trace-context': traceContext,
  '009-retention': retention,
}
