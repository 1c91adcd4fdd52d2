import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { createApp } from '@sidecart/chassis/http/app.ts'
import { clientAddressHeader } from '@sidecart/chassis/http/client-address.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { type TestTokens, testTokens } from '@sidecart/testing/tokens.ts'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { GatewayPorts } from './app.ts'
import { gatewayTo } from './testing.ts'

/*
 * The gateway behind a proxy, and attacked by clients that pretend to be one. NGINX as that proxy: tests/nginx.
 */

let tokens: TestTokens
beforeAll(async () => {
  tokens = await testTokens()
})

const proxy = '10.0.0.1'
const attacker = '203.0.113.66'
const victim = '198.51.100.1'

/** A gateway that trusts 10.0.0.1, before a `users` that returns all headers it was sent. */
function gateway(ports: Partial<GatewayPorts> = {}) {
  const lines: string[] = []
  const log = createLog('gateway', 'info', { write: (line) => void lines.push(line) })
  const users = createApp({ name: 'users', log: createLog('users', 'silent') })
  users.post('/sessions', (c) => c.json(c.req.header()))
  const trustedProxies = (address: string) => address === proxy
  const app = gatewayTo({ users }, tokens, { log, trustedProxies, ...ports })
  const signIn = async (
    remoteAddress: string,
    headers: Record<string, string> = {},
  ): Promise<Response> => {
    const env = { incoming: { socket: { remoteAddress } } }
    return app.request('/sessions', { method: 'POST', body: '{}', headers }, env)
  }
  /** Signs in through the proxy, which adds the address of its client to what the client sent. */
  const throughProxy = (client: string, claimed?: string) =>
    signIn(proxy, { 'x-forwarded-for': claimed === undefined ? client : `${claimed}, ${client}` })
  return { app, lines, signIn, throughProxy }
}

const statuses = async (answers: Promise<Response>[]) =>
  (await Promise.all(answers)).map(({ status }) => status).toSorted((a, b) => a - b)

const received = async (answer: Promise<Response>) =>
  (await (await answer).json()) as Record<string, string>

describe('behind a trusted proxy', () => {
  test('each client has a limit of its own', async () => {
    const { throughProxy } = gateway({ ratePerSecond: 2 })
    const of = (client: string) => [1, 2, 3].map(() => throughProxy(client))
    expect(await statuses(of(victim))).toEqual([200, 200, 429])
    expect(await statuses(of(attacker))).toEqual([200, 200, 429])
  })

  test('a client that makes up addresses evades no limit', async () => {
    const { throughProxy } = gateway({ ratePerSecond: 2 })
    const made = ['1.1.1.1', '1.1.1.2', '10.0.0.1', '2001:db8::1', 'garbage', '']
    const answers = made.map((claim) => throughProxy(attacker, claim))
    expect(await statuses(answers)).toEqual([200, 200, 429, 429, 429, 429])
  })

  test('a client that claims to be another locks nobody out', async () => {
    const { throughProxy } = gateway({ ratePerSecond: 2 })
    await statuses(Array.from({ length: 10 }, () => throughProxy(attacker, victim)))
    expect((await throughProxy(attacker, victim)).status).toBe(429)
    expect((await throughProxy(victim)).status).toBe(200)
  })

  test('one client is one client in every spelling of its address', async () => {
    const { throughProxy } = gateway({ ratePerSecond: 2 })
    const spelled = [attacker, `::ffff:${attacker}`, '::FFFF:CB00:7142', `${attacker}:4711`]
    expect(await statuses(spelled.map((client) => throughProxy(client)))).toEqual([
      200, 200, 429, 429,
    ])
  })

  test('users counts wrong passwords for the client, and the log names it', async () => {
    const { throughProxy, signIn, lines } = gateway()
    expect(await received(throughProxy(attacker, victim))).toMatchObject({
      [clientAddressHeader]: attacker,
    })
    await signIn(proxy, { authorization: 'Bearer x', 'x-forwarded-for': attacker })
    const logged = lines.map((line) => JSON.parse(line)).filter((line) => line.securityEvent)
    expect(logged).toMatchObject([{ securityEvent: 'authz_fail', sourceIp: attacker }])
  })
})

describe('anybody else', () => {
  const claims = {
    'x-forwarded-for': victim,
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'elsewhere.example',
    'x-real-ip': victim,
    forwarded: `for=${victim};proto=https`,
    'true-client-ip': victim,
    [clientAddressHeader]: victim,
  }

  test('is who its connection says, whatever it claims', async () => {
    for (const peer of [attacker, '127.0.0.1', '10.0.0.2']) {
      const { signIn } = gateway()
      expect((await received(signIn(peer, claims)))[clientAddressHeader]).toBe(peer)
    }
  })

  test('evades no limit and locks nobody out', async () => {
    const { signIn } = gateway({ ratePerSecond: 2 })
    const from = (n: number) =>
      signIn(attacker, { 'x-forwarded-for': `${victim}, 1.1.1.${n}`, 'x-real-ip': `1.1.1.${n}` })
    expect(await statuses([1, 2, 3, 4].map(from))).toEqual([200, 200, 429, 429])
    expect((await signIn(victim)).status).toBe(200)
  })

  test('reaches no service with what it says about its way, nor does a proxy', async () => {
    const { signIn } = gateway()
    for (const peer of [attacker, proxy]) {
      const seen = await received(signIn(peer, claims))
      const address = seen[clientAddressHeader]
      expect(address).toBe(peer === proxy ? victim : attacker)
      const rest = Object.keys(seen).filter((name) => name in claims)
      expect(rest).toEqual([clientAddressHeader])
    }
  })
})

test('several X-Forwarded-For lines are read as one, by a real server', async () => {
  const isProxy = (address: string) => address === '127.0.0.1'
  const { app } = gateway({ trustedProxies: isProxy })
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const seen = await new Promise<string>((resolve, reject) => {
    const headers = { 'x-forwarded-for': [victim, attacker, '127.0.0.1'], 'content-length': '2' }
    const asked = request({ port, method: 'POST', path: '/sessions', headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('end', () => resolve(text))
    })
    asked.on('error', reject).end('{}')
  })
  expect(JSON.parse(seen)).toMatchObject({ [clientAddressHeader]: attacker })
})
