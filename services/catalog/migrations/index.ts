import type { Migration } from 'kysely/migration'
import * as initial from './001-initial.ts'
import * as nextAttempts from './002-next-attempts.ts'
import * as returnedGoods from './003-returned-goods.ts'
import * as recentChanges from './004-recent-changes.ts'
import * as search from './005-search.ts'
import * as fieldNames from './006-field-names.ts'
import * as operators from './007-operators.ts'
import * as retention from './008-retention.ts'

export const migrations: Record<string, Migration> = {
  '001-initial': initial,
  '002-next-attempts': nextAttempts,
  '003-returned-goods': returnedGoods,
  '004-recent-changes': recentChanges,
  '005-search': search,
  '006-field-names': fieldNames,
  '007-operators': operators,
  '008-retention': retention,
}
