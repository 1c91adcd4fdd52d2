import { until } from '@sidecart/testing/until.ts'
import pg from 'pg'
import { orderOf, type Person, placed, reaches, secrets } from '../system/client.ts'
import { sidecart } from '../system/shop.ts'

/* States normally reached only after a long time or by chance, produced by changing rows. */

const sku = 'MUG-ENAMEL-BLUE'

async function rowsOf<R extends pg.QueryResultRow>(
  service: string,
  sql: string,
  values: readonly unknown[],
): Promise<R[]> {
  const client = new pg.Client({ connectionString: secrets()[`${service}-database`] })
  await client.connect()
  try {
    return (await client.query<R>(sql, [...values])).rows
  } finally {
    await client.end()
  }
}

const cards = ['card_approved', 'card_approved', 'card_approved', 'card_declined', 'card_approved']
const goods = ['MUG-ENAMEL-BLUE', 'LAMP-DESK-BRASS', 'RADIO-TABLE-SKY', 'TEAPOT-STONEWARE-RUST']

/**
 * Places orders spread over the last hour, confirmed and cancelled, more of them towards the end.
 * Resolves when every order is final.
 */
export async function hourOfSales(customer: Person): Promise<void> {
  for (let place = 0; place < 60; place++) {
    const card = cards[(place * 7) % cards.length]
    const order = orderOf(goods[place % goods.length] ?? '', 1 + (place % 3), card)
    const orderId = await placed(customer, order)
    await reaches(customer, orderId, ['confirmed', 'cancelled'])
    const minutesAgo = 58 - Math.sqrt(place * 52)
    const longAgo = `update orders set placed_at = placed_at - make_interval(secs => $2) where id = $1`
    await rowsOf('orders', longAgo, [orderId, minutesAgo * 60])
  }
}

/**
 * Creates a parked order: compensation appears to have failed for ten minutes while payments was
 * stopped. Resolves after payments is started again.
 */
export async function parkedOrder(customer: Person): Promise<string> {
  await sidecart('stop', 'payments')
  try {
    const orderId = await placed(customer, orderOf(sku))
    await reaches(customer, orderId, ['reserved'])
    await customer.ask('POST', `/orders/${orderId}/cancel`)
    const triedLong = `update orders set attempts = 149, next_attempt_at = now()
      where id = $1 and status = 'cancelling' and next_attempt_at is not null`
    await until(
      'the order is parked',
      async () => {
        await rowsOf('orders', triedLong, [orderId])
        const { body } = await customer.ask('GET', `/orders/${orderId}`)
        return body.status === 'needs_attention'
      },
      40_000,
    )
    return orderId
  } finally {
    await sidecart('start', 'payments')
  }
}

// notifications: optional
/**
 * Creates dead letters: an order's events fail in notifications, because the customer's contact is
 * missing. `mend` restores the contact. Returns the number of dead letters.
 */
export async function deadLetters(customer: Person) {
  const [contact] = await rowsOf(
    'notifications',
    'delete from contacts where user_id = $1 returning *',
    [customer.userId],
  )
  const orderId = await placed(customer, orderOf(sku))
  await reaches(customer, orderId, ['confirmed'])
  const triedLong = `update dead_letters set attempts = 10, next_attempt_at = null
    where event -> 'data' ->> 'orderId' = $1 returning id`
  const letters = await until('its events are dead letters', async () => {
    const found = await rowsOf('notifications', triedLong, [orderId])
    return found.length >= 2 ? found.length : undefined
  })
  return {
    orderId,
    letters,
    mend: () =>
      rowsOf(
        'notifications',
        'insert into contacts select * from jsonb_populate_record(null::contacts, $1::jsonb)',
        [JSON.stringify(contact)],
      ),
  }
}
// /notifications
