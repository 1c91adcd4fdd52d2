import type { RouteConfig } from '@hono/zod-openapi'
import { createApp } from '@sidecart/chassis/http/app.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { routesByService } from '@sidecart/platform/config/manifests.ts'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

/** Every route of every contract, including internal routes. */
const routes: RouteConfig[] = Object.values(routesByService).flatMap(Object.values)

const id = '018f0000-0000-7000-8000-00000000000a'
const given = { 'content-type': 'application/json', 'if-match': '"1"', 'idempotency-key': id }

async function ask(route: RouteConfig, search: string, body?: string) {
  const app = createApp({ name: 'tests', log: createLog('tests', 'silent') })
  app.openapi(route, (c) => c.json({ reached: true }))
  const path = `${route.path.replace('{sku}', 'MUG').replaceAll(/\{\w+\}/g, id)}${search}`
  const method = route.method.toUpperCase()
  const answer = await app.request(path, { method, headers: given, ...(body && { body }) })
  const { errors = [] } = (await answer.json()) as { errors?: { field: string }[] }
  return { status: answer.status, fields: errors.map(({ field }) => field) }
}

const schemaOf = ({ request }: RouteConfig): z.ZodType | undefined =>
  (request?.body?.content['application/json'] as { schema: z.ZodType } | undefined)?.schema

type Schema = { properties?: object; additionalProperties?: unknown } & Record<string, unknown>

/** Returns the paths of objects in a schema accepting unknown fields. */
function openObjects(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties, additionalProperties } = schema as Schema
  const here = properties && additionalProperties !== false ? [path || '(body)'] : []
  return [
    ...here,
    ...Object.entries(schema).flatMap(([key, part]) => openObjects(part, `${path}/${key}`)),
  ]
}

describe.each(
  routes.map((route) => [`${route.method.toUpperCase()} ${route.path}`, route] as const),
)('%s', (_, route) => {
  const schema = schemaOf(route)

  it('refuses a parameter that it does not name', async () => {
    const { status, fields } = await ask(route, '?surprise=1')
    expect([status, fields]).toEqual([400, ['surprise']])
  })

  it.runIf(schema)('refuses a field that it does not name, at any depth', async () => {
    const { status, fields } = await ask(route, '', '{"surprise":1}')
    expect([status, fields.includes('surprise')]).toEqual([400, true])
    const json = z.toJSONSchema(schema as z.ZodType, { io: 'input', unrepresentable: 'any' })
    expect(openObjects(json)).toEqual([])
  })

  it.runIf(!schema && route.method !== 'get')('refuses a body', async () => {
    const { status, fields } = await ask(route, '', '{"amount":1}')
    expect([status, fields]).toEqual([400, ['(body)']])
  })
})

it('all contracts were looked at', () => {
  expect(routes.length).toBeGreaterThan(40)
})
