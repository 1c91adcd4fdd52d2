import { isIPv6 } from 'node:net'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'

/** Header with the client address, set by the gateway for the services behind it and never copied from a client. */
export const clientAddressHeader = 'x-client-address'

/** Returns the peer address of the connection: the client, or the proxy in front of the gateway (`clientOf` knows). */
export const peerAddress = (c: Context): string =>
  ((c.env ?? {}) as Partial<HttpBindings>).incoming?.socket.remoteAddress ?? 'unknown'

/**
 * Returns the key for counting requests per client: an IPv4 address, or the /64 network of an IPv6 address, because
 * one client may use any address of a /64 network.
 *
 * @example networkOf('2001:db8::1') // '2001:db8:0:0::/64'
 */
export function networkOf(address: string): string {
  const [ip = ''] = address.split('%')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1]
  if (mapped) return mapped
  if (!isIPv6(ip)) return ip
  const [head = '', tail] = ip.split('::')
  const groups = (part: string) => part.split(':').filter(Boolean)
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeros = Array(tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)).fill(
    '0',
  )
  const network = [...before, ...zeros, ...after].slice(0, 4)
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
