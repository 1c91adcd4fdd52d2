import { sidecart } from '../system/shop.ts'
import { ensureChromium } from './chromium.ts'

/** Vitest's global set-up of the browser tests: a Chromium, and the whole shop as `npm start -- --chaos` brings it up. */
export default async function openShop(): Promise<() => Promise<void>> {
  ensureChromium()
  await sidecart('up', '--detach', '--chaos')
  return async () => void (await sidecart('down'))
}
