import type { Server } from 'node:http'
import { networkOf } from './client-address.ts'

export type PublicLimits = {
  /** Connections at once, of all clients and from one address; more are closed at once. */
  connections: number
  connectionsPerAddress: number
  /** Milliseconds for the head of a request, and for all of it. */
  headersMs: number
  requestMs: number
  /** Milliseconds for which a connection may do nothing at all, its client's reading included. */
  idleMs: number
}

/** For `createServer`: how often a server looks for requests that take too long. */
export const publicServerOptions = { connectionsCheckingInterval: 1_000 }

/**
 * Bounds what a client can hold by being slow: a request that does not arrive, an answer that is not read, connections
 * without requests. What was exceeded ends the connection, with 408 where there is a request to answer.
 */
export function limitClients(server: Server, limits: PublicLimits): void {
  const { connections, connectionsPerAddress, headersMs, requestMs, idleMs } = limits
  const open = new Map<string, number>()
  server.maxConnections = connections
  server.headersTimeout = headersMs
  server.requestTimeout = requestMs
  server.keepAliveTimeout = idleMs
  server.setTimeout(idleMs, (socket) => socket.destroy())
  server.on('connection', (socket) => {
    const address = networkOf(socket.remoteAddress ?? 'unknown')
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
