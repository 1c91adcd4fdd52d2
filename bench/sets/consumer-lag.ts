import type { Secrets } from '@sidecart/platform/config/secrets.ts'
import pg from 'pg'

/** By database: events due to catalog and notifications, less the events marked as received. */
const counts = {
  orders: `select count(*) + count(*) filter (where status in ('confirmed', 'cancelled')) as n from order_history
    where status in ('placed', 'confirmed', 'cancelled', 'shipped', 'delivered', 'refunded')`,
  payments: `select count(*) filter (where status in ('charged', 'refunding', 'declined'))
    + 2 * count(*) filter (where status = 'refunded') as n from payments`,
  users: 'select coalesce(sum(version), 0) as n from users',
  catalog: `select (select coalesce(sum(version - 1), 0) from products) - (select count(*) from inbox) as n`,
  notifications: 'select - count(*) as n from inbox', // notifications: optional line
}

export type ConsumerLag = { count(): Promise<number>; close(): Promise<void> }

/** Counts undelivered events, whatever the broker. */
export async function openConsumerLag(secrets: Secrets): Promise<ConsumerLag> {
  const clients = await Promise.all(
    Object.entries(counts).map(async ([name, sql]) => {
      const client = new pg.Client({ connectionString: secrets[`${name}-database`] })
      await client.connect()
      return { client, sql }
    }),
  )
  return {
    async count() {
      const answers = clients.map(({ client, sql }) => client.query<{ n: string }>(sql))
      return (await Promise.all(answers)).reduce((sum, { rows }) => sum + Number(rows[0]?.n), 0)
    },
    close: async () => void (await Promise.all(clients.map(({ client }) => client.end()))),
  }
}
