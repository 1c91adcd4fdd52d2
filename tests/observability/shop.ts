import { sidecart } from '../system/shop.ts'

/** Vitest's global set-up: the whole shop with a trace of every request. */
export default async function startShop(): Promise<() => Promise<void>> {
  await sidecart('up', '--detach', '--observe')
  return async () => {
    await sidecart('down')
  }
}
