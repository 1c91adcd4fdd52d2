import { type IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Names of this machine that no external DNS controls. */
const local = ['127.0.0.1', 'localhost', '[::1]']

type Headers = Pick<IncomingMessage, 'headers' | 'method'>

/**
 * Returns true for a request from a page of this server or from no page. A page of another origin may link here; such a
 * page may not read, change or delete data, nor reach the server under a foreign name (DNS rebinding).
 *
 * @param hosts names of the server besides those of this machine
 */
export function isSameOrigin(
  { headers, method = 'GET' }: Headers,
  hosts: readonly string[] = [],
): boolean {
  const { host = '', origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers
  const name = host.replace(/:\d+$/, '').toLowerCase()
  if (![...local, ...hosts].includes(name)) return false
  const own = [`http://${host}`, `https://${host}`]
  if (origin !== undefined && !own.includes(String(origin).toLowerCase())) return false
  if (site === undefined || site === 'same-origin' || site === 'none') return true
  return mode === 'navigate' && ['GET', 'HEAD'].includes(method)
}

/**
 * Makes every HTTP server of this process answer 403 to requests rejected by `isSameOrigin`, and end their upgrades.
 */
export function refuseOtherOrigins(hosts: readonly string[]): void {
  const emit = Server.prototype.emit as (this: Server, ...args: unknown[]) => boolean
  Server.prototype.emit = function guarded(this: Server, event: string, ...args: unknown[]) {
    if (event !== 'request' && event !== 'upgrade') return emit.call(this, event, ...args)
    const [request, answer] = args as [IncomingMessage, ServerResponse | Duplex]
    if (isSameOrigin(request, hosts)) return emit.call(this, event, ...args)
    if (answer instanceof ServerResponse) {
      answer.writeHead(403, { 'content-type': 'text/plain' })
      answer.end('Only for pages of this server, under a name of this machine.\n')
    } else answer.destroy()
    return true
  }
}
