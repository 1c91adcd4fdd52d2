import { sidecart } from '../system/shop.ts'

/**
 * Vitest's global set-up: the whole shop with two instances of every service, started like in
 * production.
 */
export default async function startShop(): Promise<() => Promise<void>> {
  await sidecart('up', '--detach', '--instances', '2')
  return async () => {
    await sidecart('down')
  }
}
