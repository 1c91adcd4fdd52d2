import type { Server, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** How long a service that was told to stop still takes what was already on its way to it. */
const lingerMs = 400

/**
 * Ends a server without cutting anybody off: for a moment it goes on as before, but tells each connection that this is its
 * last answer; then it takes no more, and lets what is under way finish, for at most `drainMs` milliseconds.
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
