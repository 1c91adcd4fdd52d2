import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { readEnvironment } from '../core/environment.ts'
import { type Client, clientOf, TrustedProxies } from './trusted-proxies.ts'

const read = (text: string) =>
  readEnvironment({ TRUSTED_PROXIES: TrustedProxies }, { TRUSTED_PROXIES: text }).TRUSTED_PROXIES

/** Returns the client of a request from `peer`, as known behind these proxies. */
async function clientFrom(
  peer: string,
  proxies: string,
  headers: Record<string, string>,
): Promise<Client> {
  const app = new Hono().get('/', (c) => c.json(clientOf(c, read(proxies))))
  const env = { incoming: { socket: { remoteAddress: peer } } }
  return (await app.request('/', { headers }, env)).json() as Promise<Client>
}

const addressFrom = async (peer: string, proxies: string, forwardedFor: string) =>
  (await clientFrom(peer, proxies, { 'x-forwarded-for': forwardedFor })).address

describe('without trusted proxies', () => {
  test.each(['198.51.100.1', '127.0.0.1', '::1', '10.0.0.1, 198.51.100.1', ''])(
    'a client stays where its connection comes from when it claims to be %s',
    async (claim) => {
      const headers = { 'x-forwarded-for': claim, 'x-forwarded-proto': 'https', forwarded: claim }
      const client = { address: '203.0.113.1', isSecure: false }
      expect(await clientFrom('203.0.113.1', '', headers)).toEqual(client)
      expect(await clientFrom('203.0.113.1', '10.0.0.0/8', headers)).toEqual(client)
    },
  )

  test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('%s is no exception', async (peer) => {
    expect(await addressFrom(peer, '', '198.51.100.1')).not.toBe('198.51.100.1')
  })
})

describe('the client behind a trusted proxy', () => {
  test.each([
    ['is the entry that the proxy added', '203.0.113.1', '203.0.113.1'],
    ['is not what it claimed before that', '198.51.100.1, 203.0.113.1', '203.0.113.1'],
    ['is not a proxy that it claims to be', '10.0.0.7, 198.51.100.1, 203.0.113.1', '203.0.113.1'],
    ['is before all trusted proxies', '203.0.113.1, 10.0.0.8, 10.9.9.9', '203.0.113.1'],
    ['is before the first stranger only', '1.1.1.1, 203.0.113.1, 10.0.0.8', '203.0.113.1'],
    ['is the farthest proxy when all are trusted', '10.0.0.8, 10.0.0.9', '10.0.0.8'],
    ['is the proxy itself without a header', '', '10.0.0.1'],
    ['is the proxy that wrote no address', '203.0.113.1, unknown', '10.0.0.1'],
    ['is the farthest proxy before garbage', '203.0.113.1, <script>, 10.0.0.9', '10.0.0.9'],
    ['is the proxy after an empty entry', '203.0.113.1,', '10.0.0.1'],
    ['is no number', '3405803777', '10.0.0.1'],
    ['is no octal address', '0313.0.0161.1', '10.0.0.1'],
    ['has no zone', 'fe80::1%eth0', '10.0.0.1'],
    ['may have a port', '203.0.113.1:4711', '203.0.113.1'],
    ['may have a port after IPv6', '[2001:DB8::1]:4711', '2001:db8::1'],
    ['is IPv4 in every spelling', '::ffff:203.0.113.1', '203.0.113.1'],
    ['is IPv4 in hexadecimal, too', '::FFFF:cb00:7101', '203.0.113.1'],
    ['is IPv6 in its shortest spelling', '2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['is seen past a wrapped proxy', '203.0.113.1, ::ffff:10.0.0.9', '203.0.113.1'],
  ])('%s', async (_, forwardedFor, address) => {
    for (const peer of ['10.0.0.1', '::ffff:10.0.0.1', '::ffff:a00:1'])
      expect(await addressFrom(peer, '10.0.0.0/8', forwardedFor)).toBe(address)
  })

  test('is found in a chain of thousands', async () => {
    const chain = `198.51.100.1, 203.0.113.1${', 10.0.0.2'.repeat(5_000)}`
    expect(await addressFrom('10.0.0.1', '10.0.0.0/8', chain)).toBe('203.0.113.1')
  })

  test.each([
    ['https', true],
    ['HTTPS', true],
    ['http', false],
    ['https, http', false],
    ['http, https', true],
    ['', false],
    ['httpsx', false],
  ])('speaks TLS when the proxy wrote %s: %s', async (proto, isSecure) => {
    const headers = { 'x-forwarded-proto': proto }
    expect(await clientFrom('10.0.0.1', '10.0.0.0/8', headers)).toMatchObject({ isSecure })
    expect(await clientFrom('11.0.0.1', '10.0.0.0/8', headers)).toMatchObject({ isSecure: false })
  })

  test.each([
    '10.0.0.1',
    '::ffff:10.0.0.1',
    '10.0.0.0/31, 192.0.2.0/24',
    ' 192.0.2.1  10.0.0.1,',
    '0.0.0.0/1',
  ])('%s trusts 10.0.0.1 and not 198.51.100.9', (setting) => {
    const isTrusted = read(setting)
    expect([isTrusted('10.0.0.1'), isTrusted('198.51.100.9')]).toEqual([true, false])
  })

  test('IPv6 networks are trusted to their last bit', () => {
    const isTrusted = read('2001:db8::/33, ::1')
    const trusted = ['2001:db8::1', '2001:0DB8:7fff::1', '::1', '0:0:0:0:0:0:0:1']
    const strange = ['2001:db8:8000::1', '::2', '127.0.0.1', '::ffff:127.0.0.1', 'unknown', '']
    expect(trusted.filter((address) => !isTrusted(address))).toEqual([])
    expect(strange.filter((address) => isTrusted(address))).toEqual([])
  })
})

describe('a setting that is malformed', () => {
  test.each([
    ['proxy.example', 'proxy.example is no IP address and no CIDR network'],
    ['10.0.0', '10.0.0 is no IP address'],
    ['10.0.0.1, 10.0.0.0/8/8', '10.0.0.0/8/8 is no IP address'],
    ['010.0.0.1', '010.0.0.1 is no IP address'],
    ['fe80::1%eth0', 'fe80::1%eth0 is no IP address'],
    ['10.0.0.0/33', '10.0.0.0/33 has a prefix that is no number from 1 to 32'],
    ['10.0.0.0/-8', 'from 1 to 32'],
    ['10.0.0.0/', 'from 1 to 32'],
    ['10.0.0.0/255.0.0.0', 'from 1 to 32'],
    ['::1/129', 'from 1 to 128'],
    ['::ffff:10.0.0.0/104', 'write it as IPv4'],
    ['0.0.0.0/0', '0.0.0.0/0 is every address'],
    ['::/0', '::/0 is every address'],
    ['*', '* is no IP address'],
    ['true', 'true is no IP address'],
  ])('%s stops the start', (setting, message) => {
    expect(() => read(setting)).toThrow('TRUSTED_PROXIES')
    expect(() => read(setting)).toThrow(message)
  })
})
