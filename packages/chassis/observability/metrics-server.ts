import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { isEqual } from '../core/equal.ts'
import { registry } from './metrics.ts'

export type MetricsServerOptions = {
  /** Address, or a name of this machine. */
  host: string
  port: number
  /** Required as `Authorization: Bearer`. */
  token: string
}

/**
 * Serves the metrics of this process at `/metrics` on a port that has nothing else: a client of that port reaches no
 * route of the service. Returns the listening server.
 *
 * @throws Error when the address is not of this machine, or the port is taken
 */
export async function startMetricsServer({
  host,
  port,
  token,
}: MetricsServerOptions): Promise<Server> {
  const expected = Buffer.from(`Bearer ${token}`)
  const server = createServer(async ({ method, url, headers }, response) => {
    if (method !== 'GET' || url !== '/metrics') return void response.writeHead(404).end()
    if (!isEqual(Buffer.from(headers.authorization ?? ''), expected))
      return void response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
    const text = await registry.metrics()
    response.writeHead(200, { 'content-type': registry.contentType }).end(text)
  })
  server.listen(port, host)
  await once(server, 'listening')
  return server
}
