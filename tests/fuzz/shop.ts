import { join } from 'node:path'
import { connectionInfo, type Shop } from '@sidecart/client/connection-info.ts'
import { signIn } from '@sidecart/client/shop-client.ts'
import { root } from '../architecture/tree.ts'
import { copyCheckout } from '../crash/copy.ts'
import { shipTo } from '../system/client.ts'
import { sidecartIn } from '../system/shop.ts'
import type { KnownValues } from './configuration.ts'

const copied = [
  ...['packages', 'services', 'components', 'docs/asyncapi.json'],
  ...['dapr.yaml', 'package.json', 'package-lock.json'],
]
const approved = 'card_approved'
const mug = 'MUG-ENAMEL-BLUE'

/** Starts a shop from a copy of this checkout: fuzzing leaves odd prices, names and stocks in its databases. */
export async function startFuzzedShop(): Promise<Shop & { stop(): Promise<void> }> {
  const folder = join(root, '.sidecart/fuzz-shop')
  const sidecart = sidecartIn(folder)
  copyCheckout(folder, copied)
  await sidecart('up', '--detach')
  const shop = await connectionInfo(join(folder, '.sidecart'))
  return { ...shop, stop: async () => void (await sidecart('down')) }
}

/** Places orders of the demo customer in several states. Returns their ids and other values that exist. */
export async function knownValues({ gateway, demo, demoOperator }: Shop): Promise<KnownValues> {
  const customer = await signIn(gateway, demo.email, demo.password)
  const staff = await signIn(gateway, demoOperator.email, demoOperator.password)
  const cards = [...Array(5).fill(approved), 'card_declined']
  const orders: string[] = []
  for (const card of cards)
    orders.push((await customer.orderToRest({ sku: mug, quantity: 2, card }, 60_000)).orderId)
  for (const orderId of orders.slice(0, 3)) await staff.ask('POST', `/orders/${orderId}/ship`)
  for (const orderId of orders.slice(0, 2)) await staff.ask('POST', `/orders/${orderId}/deliver`)
  const saved = [customer, staff].map((one) => one.ask('POST', '/users/me/addresses', shipTo))
  const skus = await valuesIn(customer.ask('GET', '/products?limit=5'), 'items', 'sku')
  return {
    'path.orderId': orders,
    'path.sku': skus,
    // notifications: optional
    'path.mailId': await valuesIn(staff.ask('GET', '/notifications'), 'notifications', 'mailId'),
    // /notifications
    'body.lines[*].sku': skus,
    'body.card': [approved],
    'body.shipTo.addressId': (await Promise.all(saved)).map(({ addressId }) => String(addressId)),
  }
}

/** Returns a field of every entry of a list. */
async function valuesIn(
  answer: Promise<Record<string, unknown>>,
  list: string,
  field: string,
): Promise<string[]> {
  const entries = (await answer)[list] as Record<string, unknown>[]
  return entries.map((entry) => String(entry[field]))
}
