import type { Database } from '@sidecart/chassis/persistence/database.ts'
import type { KnownNetworks } from '../ports.ts'
import type { UsersTables } from './tables.ts'

const rememberedDays = 90
const mostPerUser = 50

export function createKnownNetworks({ rows }: Database<UsersTables>): KnownNetworks {
  return {
    async isKnown(email, network) {
      const found = await rows
        .selectFrom('known_networks')
        .innerJoin('users', 'users.user_id', 'known_networks.user_id')
        .select('network')
        .where('email', '=', email)
        .where('network', '=', network)
        .where('email_confirmed_at', 'is not', null)
        .executeTakeFirst()
      return found !== undefined
    },
    async remember(userId, network, now = new Date()) {
      await rows
        .insertInto('known_networks')
        .values({ user_id: userId, network, seen_at: now })
        .onConflict((conflict) =>
          conflict.columns(['user_id', 'network']).doUpdateSet({ seen_at: now }),
        )
        .execute()
      await rows
        .deleteFrom('known_networks')
        .where('user_id', '=', userId)
        .where('network', 'not in', (query) =>
          query
            .selectFrom('known_networks')
            .select('network')
            .where('user_id', '=', userId)
            .orderBy('seen_at', 'desc')
            .limit(mostPerUser),
        )
        .execute()
    },
    async forgetOld(now) {
      const before = new Date(now.getTime() - rememberedDays * 24 * 3_600_000)
      await rows.deleteFrom('known_networks').where('seen_at', '<', before).execute()
    },
  }
}
