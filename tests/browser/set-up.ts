import { operator } from '../system/client.ts'
import { sidecart } from '../system/shop.ts'
import { ensureChromium } from './chromium.ts'

/** What visitors put into their baskets. */
const bought = ['MUG-ENAMEL-BLUE', 'LAMP-DESK-BRASS', 'TEAPOT-STONEWARE-RUST', 'RADIO-TABLE-SKY']

/** Vitest's global set-up of the browser tests: a Chromium, and the whole shop as `npm start -- --chaos` brings it up. */
export default async function openShop(): Promise<() => Promise<void>> {
  ensureChromium()
  await sidecart('up', '--detach', '--chaos')
  await stockUp()
  return async () => void (await sidecart('down'))
}

/** The shop is the one that other tests have sold out of some things. */
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
