import type { Migration } from 'kysely/migration'
import * as initial from './001-initial.ts'
import * as partialRefunds from './002-partial-refunds.ts'
import * as recentChanges from './003-recent-changes.ts'
import * as fieldNames from './004-field-names.ts'

export const migrations: Record<string, Migration> = {
  '001-initial': initial,
  '002-partial-refunds': partialRefunds,
  '003-recent-changes': recentChanges,
  '004-field-names': fieldNames,
}
