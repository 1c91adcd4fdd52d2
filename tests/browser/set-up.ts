import { chromium, ensureProgram } from '@sidecart/platform/install/packages.ts'
import { until } from '@sidecart/testing/until.ts'
import { behindEdge } from '../nginx/nginx.ts'
import { newCustomer, operator, orderOf, placed, reaches } from '../system/client.ts'
import { sidecart } from '../system/shop.ts'

/** Products ordered by the tests. */
const bought = ['MUG-ENAMEL-BLUE', 'LAMP-DESK-BRASS', 'TEAPOT-STONEWARE-RUST', 'RADIO-TABLE-SKY']

/**
 * Vitest's global set-up of the browser tests: a Chromium, and the whole shop as started by `npm
 * start -- --chaos`.
 */
export default (): Promise<() => Promise<void>> => behindEdge(openShop)

async function openShop(): Promise<() => Promise<void>> {
  if (!process.env.CHROME_PATH) await ensureProgram(chromium, { log: console.error })
  await sidecart('up', '--detach', '--chaos')
  await stockUp()
  // carts: optional
  await untilCartsConsume()
  // /carts
  return async () => void (await sidecart('down'))
}

/** Restocks products sold out by earlier tests on the same shop. */
async function stockUp(): Promise<void> {
  const { ask } = await operator()
  for (const sku of bought) {
    const { status, text } = await ask('POST', `/products/${sku}/stock`, {
      delta: 200,
      reason: 'delivery',
    })
    if (status !== 200) throw new Error(`${sku} was not delivered: ${text}`)
  }
}

// carts: optional
/**
 * Waits until carts has caught up. Events in flight when an earlier shop stopped are redelivered
 * after the broker's 45 s and block later cart events, and no counter shows the end of the
 * redelivery.
 */
async function untilCartsConsume(): Promise<void> {
  const [mug = ''] = bought
  const customer = await newCustomer()
  await customer.ask('PUT', `/cart/items/${mug}`, { quantity: 1 })
  await reaches(customer, await placed(customer, orderOf(mug)), ['confirmed'])
  const isEmpty = async () => {
    const { lines } = (await customer.ask('GET', '/cart')).body as { lines?: unknown[] }
    return lines?.length === 0
  }
  await until('what was bought has left the cart', isEmpty, 60_000, 200)
}
// /carts
