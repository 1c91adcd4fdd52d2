import type { Migration } from 'kysely/migration'
import * as initial from './001-initial.ts'
import * as nextAttempts from './002-next-attempts.ts'
import * as tracedSteps from './003-traced-steps.ts'
import * as oneOrderPerPurchase from './004-one-order-per-purchase.ts'
import * as returns from './005-returns.ts'
import * as partialRefunds from './006-partial-refunds.ts'
import * as recentChanges from './007-recent-changes.ts'
import * as operatorsList from './008-operators-list.ts'
import * as fieldNames from './009-field-names.ts'
import * as operators from './010-operators.ts'
import * as traceContext from './011-trace-context.ts'
import * as retention from './012-retention.ts'

export const migrations: Record<string, Migration> = {
  '001-initial': initial,
  '002-next-attempts': nextAttempts,
  '003-traced-steps': tracedSteps,
  '004-one-order-per-purchase': oneOrderPerPurchase,
  '005-returns': returns,
  '006-partial-refunds': partialRefunds,
  '007-recent-changes': recentChanges,
  '008-operators-list': operatorsList,
  '009-field-names': fieldNames,
  '010-operators': operators,
  '011-trace-context': traceContext,
  '012-retention': retention,
}
