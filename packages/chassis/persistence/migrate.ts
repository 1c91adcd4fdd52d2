import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Migration } from 'kysely/migration'
import { z } from 'zod'
import { readEnvironment } from '../core/environment.ts'
import { createLog } from '../observability/log.ts'
import { openDatabase } from './database.ts'

/** Migrates the database of the service in whose folder it starts, and ends: for a job that runs before a release. */
const { DATABASE_URL } = readEnvironment({ DATABASE_URL: z.url() })
const log = createLog('migrations', 'info')
const file = pathToFileURL(join(process.cwd(), 'migrations/index.ts')).href
const { migrations } = (await import(file)) as { migrations: Record<string, Migration> }
const database = await openDatabase({ connectionString: DATABASE_URL, migrations, log })
await database.close()
log.info({ migrations: Object.keys(migrations).length }, 'the database is up to date')
