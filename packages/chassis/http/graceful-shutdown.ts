import type { Server, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** Milliseconds for which a stopping service still accepts requests already on the way. */
const lingerMs = 400

/**
 * Stops a server without dropping requests: goes on for `lingerMs` while sending `connection: close`, then stops
 * accepting, and waits at most `drainMs` milliseconds for requests in flight.
 */
export function gracefulShutdown(server: Server, drainMs: number): () => Promise<void> {
  const underWay = new Set<ServerResponse>()
  let last = false
  server.prependListener('request', (_, response: ServerResponse) => {
    if (last) response.setHeader('connection', 'close')
    underWay.add(response)
    response.once('close', () => underWay.delete(response))
  })
  return async function close() {
    last = true
    for (const response of underWay)
      if (!response.headersSent) response.setHeader('connection', 'close')
    await pause(lingerMs)
    const closed = Promise.withResolvers<void>()
    server.close(() => closed.resolve())
    const enough = setTimeout(() => server.closeAllConnections(), drainMs)
    await closed.promise
    clearTimeout(enough)
  }
}
