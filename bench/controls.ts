import { createVerifier } from '@sidecart/chassis/http/authentication.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { createSecurityLog } from '@sidecart/chassis/observability/security-log.ts'
import { isPlainPath } from '@sidecart/chassis/sidecar/plain-path.ts'
import { PlaceOrder } from '@sidecart/orders/contract.ts'
import { table } from '@sidecart/platform/process/terminal.ts'
import { exportJWK, generateKeyPair } from 'jose'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { v7 as uuid } from 'uuid'
import { refuseEndedSessions } from '../services/gateway/ended-sessions.ts'
import { createAccessTokens, createPasswords } from '../services/users/credentials.ts'
import { median } from './statistics.ts'

/* What each control of a request costs in the process that has it: microseconds of CPU, of all threads, per use. The
   median of five rounds; a parsed JSON body is there for comparison. */

const rounds = 5
const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
const accessTokens = await createAccessTokens(JSON.stringify([await exportJWK(privateKey)]))
const tokenOf = () => {
  const session = {
    ...{ sessionId: uuid(), userId: uuid(), role: 'customer' as const, serial: 1 },
    ...{ openedAt: new Date(), rotatedAt: new Date(), expiresAt: new Date(Date.now() + 3_600_000) },
  }
  return accessTokens.issue({ userId: session.userId, role: 'customer' }, new Date(), session)
}
const tokens = await Promise.all(Array.from({ length: rounds * 1_000 }, tokenOf))
const verify = createVerifier(async () => accessTokens.published)
const known = tokens[0] ?? ''
const noneEnded = async () => ({ sessionIds: [], asOf: new Date().toISOString() })
const verifyOpen = refuseEndedSessions(verify, noneEnded)
const limiter = new RateLimiterMemory({ points: 1_000_000_000, duration: 1 })
const passwords = createPasswords()
const hash = await passwords.hash('three brass lamps, lit')
const security = createSecurityLog(createLog('bench', 'info', { write: () => {} }), {
  perSource: Number.POSITIVE_INFINITY,
  perEvent: Number.POSITIVE_INFINITY,
})
const order = {
  lines: [{ sku: 'MUG-ENAMEL-BLUE', quantity: 1 }],
  shipTo: {
    ...{ name: 'Ada Tester', street: 'Harbour Road 1' },
    ...{ postalCode: '20457', city: 'Hamburg', country: 'DE' },
  },
  card: 'card_approved',
}
const text = JSON.stringify(order)
let next = 0

const controls: Record<string, { uses: number; use: () => unknown }> = {
  'a JSON body of an order is parsed (no control)': { uses: 50_000, use: () => JSON.parse(text) },
  'the path is plain': { uses: 50_000, use: () => isPlainPath('/orders/018f0000-0000-7000') },
  'the body of an order, strict': { uses: 10_000, use: () => PlaceOrder.parse(order) },
  'an access token, seen before': { uses: 20_000, use: () => verify(known) },
  'an access token, the first time': { uses: 1_000, use: () => verify(tokens[next++] ?? '') },
  'an access token, and that its session is open': { uses: 20_000, use: () => verifyOpen(known) },
  'a request counted for the limit of its user': { uses: 20_000, use: () => limiter.consume('u') },
  'a line of the security log': {
    uses: 5_000,
    use: () => security('authz_fail', { userId: 'u', sourceIp: '127.0.0.1', path: '/orders' }),
  },
  'a password, at signing in': {
    uses: 10,
    use: () => passwords.match('three brass lamps, lit', hash),
  },
}

async function measured({ uses, use }: { uses: number; use: () => unknown }): Promise<number> {
  const before = process.cpuUsage()
  for (let n = 0; n < uses; n += 1) await use()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / uses
}

const found: Record<string, number[]> = {}
for (let round = 0; round < rounds; round += 1)
  for (const [name, control] of Object.entries(controls)) {
    found[name] ??= []
    found[name].push(await measured(control))
  }
const rows = Object.entries(found).map(([name, costs]) => [
  name,
  String(Number(median(costs).toPrecision(2))),
])
console.log(table([['control', 'µs of CPU'], ...rows]))
