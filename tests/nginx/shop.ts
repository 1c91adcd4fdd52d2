import pg from 'pg'
import { secrets } from '../system/client.ts'
import { sidecart } from '../system/shop.ts'
import { pointTestsAt, startNginx, trustThisMachine } from './nginx.ts'

/** Ports of the gateways' own when there are two: 8080 is the load balancer's. */
export const gatewayPorts = [8100, 8120]

/**
 * Vitest's global set-up: the whole shop with two instances of every service and the limits of production, and NGINX
 * before both gateways.
 */
export default async function startShop(): Promise<() => Promise<void>> {
  process.env.LIMITS_FACTOR = '1'
  trustThisMachine()
  await sidecart('up', '--detach', '--instances', '2')
  const nginx = await forgetLimits()
    .then(() => startNginx(gatewayPorts))
    .catch(async (error) => {
      await sidecart('down')
      throw error
    })
  pointTestsAt(nginx)
  return async () => {
    await nginx.stop()
    await sidecart('down')
  }
}

/** The shop of other tests registered more customers within the hour than a client may. */
async function forgetLimits(): Promise<void> {
  const users = new pg.Client({ connectionString: secrets()['users-database'] })
  await users.connect()
  await users.query('delete from limits')
  await users.end()
}
