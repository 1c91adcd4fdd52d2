import type { Database } from '@sidecart/chassis/persistence/database.ts'
import { CompiledQuery } from 'kysely'
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import type { Limiters } from '../ports.ts'
import type { UsersTables } from './tables.ts'

type Query = { text: string; values?: unknown[] }

/** Counts that all instances share, in a table that a crash of the database may empty. */
export function createLimiters({ rows }: Database<UsersTables>): Limiters {
  const storeClient = {
    query: ({ text, values = [] }: Query) => rows.executeQuery(CompiledQuery.raw(text, values)),
  }
  const requests = new RateLimiterPostgres({
    storeClient,
    storeType: 'client',
    tableName: 'limits',
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix: 'requests',
    points: Number.MAX_SAFE_INTEGER,
    duration: 1,
  })
  return {
    async addRequests(client, count) {
      const { consumedPoints, msBeforeNext } = await requests.consume(client, count)
      return { total: consumedPoints, endsInMs: Math.max(0, msBeforeNext) }
    },
    create(name, { points, seconds }) {
      const limiter = new RateLimiterPostgres({
        storeClient,
        storeType: 'client',
        tableName: 'limits',
        tableCreated: true,
        clearExpiredByTimeout: false,
        keyPrefix: name,
        points,
        duration: seconds,
        // who is over the limit is not looked up again until it has passed
        inMemoryBlockOnConsumed: points + 1,
      })
      return {
        async consume(key) {
          try {
            await limiter.consume(key)
            return undefined
          } catch (full) {
            if (!(full instanceof RateLimiterRes)) throw full
            return full.msBeforeNext
          }
        },
        async reward(key) {
          await limiter.reward(key)
        },
        async forget(key) {
          await limiter.delete(key)
        },
      }
    },
    async forgetExpired(now) {
      await rows.deleteFrom('limits').where('expire', '<', now.getTime()).execute()
    },
  }
}
