import { type TestTokens, testTokens } from '@sidecart/testing/tokens.ts'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Supervisor } from './operations-proxy.ts'
import { gatewayTo } from './testing.ts'

const ada = '018f0000-0000-7000-8000-00000000000a'
let tokens: TestTokens
let asked: string[]

const supervisor: Supervisor = async ({ method, path, body, operatorId }) => {
  asked.push(`${operatorId} ${method} ${path} ${new TextDecoder().decode(body)}`.trim())
  const payload = JSON.stringify({ done: true })
  return { status: 200, contentType: 'application/json', body: new TextEncoder().encode(payload) }
}

beforeAll(async () => {
  tokens = await testTokens()
})
beforeEach(() => {
  asked = []
})

const ask = async (role?: 'customer' | 'operator', method = 'GET', path = '/operations/map') =>
  gatewayTo({}, tokens, { supervisor }).request(path, {
    method,
    headers: role ? await tokens.bearer(ada, role) : {},
    ...(method === 'POST' && { body: '{"does":"kill"}' }),
  })

describe('what only the supervisor knows', () => {
  it('is for operators', async () => {
    const answer = await ask('operator')
    expect(await answer.json()).toEqual({ done: true })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    await ask('operator', 'POST', '/operations/faults')
    expect(asked).toEqual([
      `${ada} GET /operations/map`,
      `${ada} POST /operations/faults {"does":"kill"}`,
    ])
  })

  it('is for nobody else', async () => {
    expect((await ask()).status).toBe(401)
    expect((await ask('customer')).status).toBe(403)
    expect((await ask('customer', 'POST', '/operations/faults')).status).toBe(403)
    expect(asked).toEqual([])
  })

  it('does not exist where nobody supervises', async () => {
    const headers = await tokens.bearer(ada, 'operator')
    const answer = await gatewayTo({}, tokens).request('/operations/map', { headers })
    expect(answer.status).toBe(404)
  })
})
