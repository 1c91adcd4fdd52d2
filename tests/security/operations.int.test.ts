import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { App } from '@sidecart/chassis/http/app.ts'
import { gatewayTo } from '@sidecart/gateway/testing.ts'
import { createOperationsApi } from '@sidecart/operations/operations-api.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { type TestTokens, testTokens } from '@sidecart/testing/tokens.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operations } from './routes.ts'

/* Every route of the operations API × every identity, through a gateway whose shop is supervised. */

const id = '018f0000-0000-7000-8000-00000000000a'
const home = mkdtempSync(join(tmpdir(), 'operations-'))
const project = projectAt(undefined, { home })
const api = createOperationsApi({ project, appConfigs: readRunFile(project.runFile) })
let asked: string[] = []
let tokens: TestTokens
let gateway: App

beforeAll(async () => {
  tokens = await testTokens()
  gateway = gatewayTo({}, tokens, {
    async supervisor({ method, path, body }) {
      asked.push(`${method} ${path}`)
      const answer = await api.request(path, { method, ...(body && { body: body.slice() }) })
      const contentType = answer.headers.get('content-type') ?? ''
      return { status: answer.status, contentType, body: await answer.bytes() }
    },
  })
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function statusOf(route: string, headers: Record<string, string>): Promise<number> {
  const [method = '', template = ''] = route.split(' ')
  const { body } = operations[route] ?? {}
  const path = template.replaceAll(/\{\w+\}/g, id)
  const answer = await gateway.request(path, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return answer.status
}

it('every route of the operations API has a line in the table', () => {
  const routes = api.routes
    .filter(({ path }) => path.startsWith('/operations/'))
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
  expect(routes.toSorted()).toEqual(Object.keys(operations).toSorted())
})

describe.each(Object.entries(operations))('%s', (route, { operator }) => {
  it('reaches the supervisor for an operator, and for nobody else', async () => {
    const stranger = await testTokens()
    const refused: [string, Record<string, string>, number][] = [
      ['nobody', {}, 401],
      ['a customer', await tokens.bearer(id, 'customer'), 403],
      ['an operator whose token has expired', await tokens.bearer(id, 'operator', '-1s'), 401],
      ['an operator of another shop', await stranger.bearer(id, 'operator'), 401],
      ['a header of another app', { 'dapr-caller-app-id': 'orders' }, 401],
    ]
    asked = []
    for (const [who, headers, status] of refused)
      expect([who, await statusOf(route, headers)]).toEqual([who, status])
    expect(asked).toEqual([])
    expect(await statusOf(route, await tokens.bearer(id, 'operator'))).toBe(operator)
    expect(asked).toHaveLength(1)
  })
})
