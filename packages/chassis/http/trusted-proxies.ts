import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'
import type { Context } from 'hono'
import { z } from 'zod'
import { peerAddress } from './client-address.ts'

/** Returns whether an address belongs to a proxy whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
export type TrustedProxies = (address: string) => boolean

export const noProxies: TrustedProxies = () => false

export type Client = {
  /** In its shortest spelling; an IPv4 address also where the connection is IPv6. */
  address: string
  /** The client speaks TLS with the nearest proxy. */
  isSecure: boolean
}

/**
 * Environment variable with the addresses of proxies, separated by commas or spaces: single addresses and CIDR
 * networks, IPv4 and IPv6.
 *
 * @example readEnvironment({ TRUSTED_PROXIES: TrustedProxies })  // TRUSTED_PROXIES='10.0.0.0/8, fd00::/8'
 */
export const TrustedProxies = z
  .string()
  .default('')
  .transform((text, context): TrustedProxies => {
    const list = new BlockList()
    const entries = text.split(/[\s,]+/).filter(Boolean)
    for (const entry of entries) {
      const fault = add(list, entry)
      if (fault) context.addIssue(`${entry} ${fault}`)
    }
    if (entries.length === 0) return noProxies
    return (address) => {
      const known = canonical(address)
      return known !== undefined && list.check(known, familyOf(known))
    }
  })

/** Adds an entry to the list, or returns the reason why the entry is refused. */
function add(list: BlockList, entry: string): string | undefined {
  const [text = '', prefix, ...rest] = entry.split('/')
  const address = text.includes('%') ? undefined : canonical(text)
  if (!address || rest.length > 0) return 'is no IP address and no CIDR network (10.0.0.0/8)'
  if (prefix === undefined) return void list.addAddress(address, familyOf(address))
  const longest = isIPv4(address) ? 32 : 128
  if (isIP(text) !== isIP(address)) return 'wraps an IPv4 network: write it as IPv4'
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > longest)
    return `has a prefix that is no number from 1 to ${longest}`
  if (Number(prefix) === 0) return 'is every address: anybody could then claim any address'
  list.addSubnet(address, Number(prefix), familyOf(address))
}

/**
 * Returns the client of a request. Only a connection from a trusted proxy may say for whom it asks: `X-Forwarded-For`
 * is read from the right, past further trusted proxies, up to the first address that is none. Everything left of that
 * address is the claim of a stranger. An entry that is no address counts as its proxy.
 */
export function clientOf(c: Context, isTrusted: TrustedProxies): Client {
  const peer = peerAddress(c)
  let address = canonical(peer) ?? peer
  if (!isTrusted(address)) return { address, isSecure: false }
  const chain = (c.req.header('x-forwarded-for') ?? '').split(',')
  while (isTrusted(address)) {
    const before = addressIn(chain.pop() ?? '')
    if (!before) break
    address = before
  }
  const scheme = (c.req.header('x-forwarded-proto') ?? '').split(',').at(-1)?.trim()
  return { address, isSecure: scheme?.toLowerCase() === 'https' }
}

/** Returns the address of an entry of `X-Forwarded-For`; some proxies add a port. */
function addressIn(entry: string): string | undefined {
  const text = entry.trim()
  const withPort = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::\d{1,5})?$/i.exec(text)
  const address = withPort?.[1] ?? withPort?.[2] ?? text
  return address.includes('%') ? undefined : canonical(address)
}

/** Returns the one spelling that every spelling of an address has in common. */
function canonical(address: string): string | undefined {
  const [ip = ''] = address.split('%')
  if (isIPv4(ip)) return ip
  if (!isIPv6(ip)) return undefined
  const shortest = new URL(`http://[${ip}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(shortest)
  if (!mapped) return shortest
  const halves = mapped.slice(1).map((half) => Number.parseInt(half, 16))
  return halves.flatMap((half) => [half >> 8, half & 255]).join('.')
}

const familyOf = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6')
