import type { Server } from 'node:http'
import { networkOf } from './client-address.ts'
import { noProxies, type TrustedProxies } from './trusted-proxies.ts'

export type PublicLimits = {
  /** Maximum open connections, in total and per client address; further ones are closed at once. */
  connections: number
  connectionsPerAddress: number
  /** Proxies hold the connections of many clients: only the total limits their connections. Default: none. */
  trustedProxies?: TrustedProxies
  /** Milliseconds for receiving the headers of a request, and for the whole request. */
  headersMs: number
  requestMs: number
  /** Milliseconds of inactivity per connection, including a client that does not read. */
  idleMs: number
}

/** For `createServer`: milliseconds between checks for slow requests. */
export const publicServerOptions = { connectionsCheckingInterval: 1_000 }

/**
 * Limits the resources held by slow clients: requests that do not arrive, responses that are not read, idle
 * connections. Exceeding a limit closes the connection, with 408 if a request was pending.
 */
export function limitClients(server: Server, limits: PublicLimits): void {
  const { connections, connectionsPerAddress, headersMs, requestMs, idleMs } = limits
  const { trustedProxies = noProxies } = limits
  const open = new Map<string, number>()
  server.maxConnections = connections
  server.headersTimeout = headersMs
  server.requestTimeout = requestMs
  server.keepAliveTimeout = idleMs
  server.setTimeout(idleMs, (socket) => socket.destroy())
  server.on('connection', (socket) => {
    const { remoteAddress = 'unknown' } = socket
    if (trustedProxies(remoteAddress)) return
    const address = networkOf(remoteAddress)
    const others = open.get(address) ?? 0
    if (others >= connectionsPerAddress) {
      socket.destroy()
      return
    }
    open.set(address, others + 1)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left > 0) open.set(address, left)
      else open.delete(address)
    })
  })
}
