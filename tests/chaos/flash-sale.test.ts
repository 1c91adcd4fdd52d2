import { setStock } from '@sidecart/verify/chaos/fixtures.ts'
import { placeOrder } from '@sidecart/verify/chaos/place-order.ts'
import { expect, it } from 'vitest'
import { atATime, buyers } from './buyers.ts'

const units = 100
const wanting = 2000
const atOnce = 200
const sku = 'LAMP-DESK-BRASS'

it(`of ${units} units that ${wanting} buyers want, ${atOnce} at a time, exactly ${units} are sold`, async () => {
  const { customers, operator, record, settle } = await buyers('flash-sale', 20)
  await setStock(operator, sku, units)
  const placed = await atATime(
    atOnce,
    Array.from({ length: wanting }, (_, index) => () => {
      const customer = customers[index % customers.length]
      if (!customer) throw new Error('there are no customers')
      const lines = [{ sku, quantity: 1 }]
      return placeOrder(
        customer,
        { key: `sale-${index}`, lines, card: 'card_approved' },
        { record },
      )
    }),
  )
  expect(placed.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(wanting)
  const { violations, world } = await settle()
  const ids = new Set(placed.map((one) => (one.outcome === 'accepted' ? one.orderId : '')))
  const ours = world.orders.filter(({ id }) => ids.has(id))
  expect(ours.filter(({ status }) => status === 'confirmed')).toHaveLength(units)
  expect(ours.filter(({ status }) => status === 'cancelled')).toHaveLength(wanting - units)
  expect(world.stock.find((row) => row.sku === sku)).toMatchObject({ onHand: 0, reserved: 0 })
  expect(violations).toEqual([])
}, 300_000)
