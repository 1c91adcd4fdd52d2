import { basename, join } from 'node:path'
import type { RouteConfig, z } from '@hono/zod-openapi'
import type { App } from '@sidecart/chassis/http/app.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { inner } from '@sidecart/platform/config/manifests.ts'
import { describe, expect, it } from 'vitest'
import { foldersIn, root } from './tree.ts'

type Place = 'params' | 'query' | 'headers' | 'body'
type Leaf = { path: readonly (string | number)[]; schema: z.ZodType }
type Input = Leaf & { service: string; route: RouteConfig; place: Place; name: string }

/** Stub for every port. A call means that invalid text passed the schema. */
const nothing: unknown = new Proxy(() => {}, {
  get: (_, name) => (name === 'then' ? undefined : nothing),
  apply() {
    throw new Error('a request with such text got past its schema')
  },
})

/** The ports with a value, or that apps pass on together with others. */
const known = {
  inbox: nothing,
  deadLetters: nothing,
  wake: () => {},
  log: createLog('tests', 'silent'),
  verify: async () => ({ userId: '018f0000-0000-7000-8000-000000000002', role: 'operator' }),
}
const ports = new Proxy(known, {
  get: (_, name) => (name in known ? known[name as keyof typeof known] : nothing),
})

type CreateApp = (ports: unknown) => App

/** The app of each service behind the gateway: `createOrdersApp` of `services/orders/app.ts`, and so on. */
const apps: Record<string, App> = Object.fromEntries(
  await Promise.all(
    inner.map(async ({ name }) => {
      const created = `create${name.charAt(0).toUpperCase()}${name.slice(1)}App`
      const module = (await import(`../../services/${name}/app.ts`)) as Record<string, CreateApp>
      return [name, module[created]?.(ports) as App] as const
    }),
  ),
)

const inputs: Input[] = []
for (const service of foldersIn('services')) {
  const path = join(root, 'services', service, 'contract.ts')
  const contract: Record<string, unknown> = await import(path).catch(() => ({}))
  for (const route of Object.values((contract[`${service}Routes`] ?? {}) as RouteConfig[])) {
    const { params, query, headers, body } = route.request ?? {}
    const json = (body?.content['application/json'] as { schema?: unknown } | undefined)?.schema
    for (const [place, schema] of Object.entries({ params, query, headers, body: json }))
      for (const leaf of stringsIn(schema as z.ZodType | undefined)) {
        const name = `${route.method.toUpperCase()} ${route.path} ${place} ${leaf.path.join('.')}`
        inputs.push({ ...leaf, service, route, place: place as Place, name })
      }
  }
}

/** Returns every string below a schema. @throws Error for an unsupported kind of schema */
function stringsIn(schema: z.ZodType | undefined, path: Leaf['path'] = []): Leaf[] {
  if (!schema) return []
  // biome-ignore lint/suspicious/noExplicitAny: the definition of a schema differs by its kind
  const def = schema._zod.def as any
  switch (def.type) {
    case 'object':
      return Object.entries<z.ZodType>(def.shape).flatMap(([name, part]) =>
        stringsIn(part, [...path, name]),
      )
    case 'array':
      return stringsIn(def.element, [...path, 0])
    case 'union':
      return def.options.flatMap((option: z.ZodType) => stringsIn(option, path))
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return stringsIn(def.innerType, path)
    case 'pipe':
      // a pipe starting with a transform (`z.preprocess`) is described by its second half
      return stringsIn(def.in._zod.def.type === 'transform' ? def.out : def.in, path).map(
        (leaf) => ({ ...leaf, schema }),
      )
    case 'string':
      return [{ path, schema }]
    case 'enum':
    case 'literal':
    case 'number':
    case 'boolean':
      return []
    default:
      throw new Error(`what is a ${def.type}? (${path.join('.')})`)
  }
}

const unreadable = ['\u0000', '\u202e', '\u200b', '\ud800', '\u001b'].flatMap((character) => [
  `a${character}b`,
  `long enough${character}for a password`,
])

describe('no string that comes in', () => {
  it('is overlooked here', () => {
    const asking = inner.filter(({ routes = {} }) =>
      Object.values(routes).some(({ request }) => request !== undefined),
    )
    expect(new Set(inputs.map(({ service }) => service))).toEqual(
      new Set(asking.map(({ name }) => name)),
    )
    expect(inputs.length).toBeGreaterThan(50)
  })

  it.each(inputs)('takes control, bidirectional or invisible characters: $name', ({ schema }) => {
    expect(unreadable.filter((text) => schema.safeParse(text).success)).toEqual([])
  })

  it.each(inputs)('is endless: $name', ({ schema }) => {
    const long = ['x', 'X', '1', '👍', 'a-', '1,'].map((text) => text.repeat(20_000))
    expect(long.filter((text) => schema.safeParse(text).success).map((text) => text[0])).toEqual([])
  })

  it.each(inputs)('is answered otherwise than 400 with its name: $name', async (input) => {
    const { place, path } = input
    // HTTP itself forbids NUL in a header
    const answer = await ask(input, place === 'headers' ? 'a\u007fb' : 'a\u0000b')
    const problem = (await answer.json()) as { code: string; errors: { field: string }[] }
    expect([answer.status, problem.code]).toEqual([400, 'invalid-request'])
    expect(problem.errors.map(({ field }) => field)).toContain(path.join('.'))
  })
})

describe('the guard itself', () => {
  it('finds a bare string wherever it is', async () => {
    const { z } = await import('@hono/zod-openapi')
    const bare = z.strictObject({
      list: z.array(z.object({ text: z.string() })).optional(),
      either: z.union([z.uuid(), z.string().transform(Number)]),
    })
    const taken = stringsIn(bare).filter(({ schema }) => schema.safeParse('a\u0000b').success)
    expect(taken.map(({ path }) => path.join('.'))).toEqual(['list.0.text', 'either'])
  })
})

function ask({ service, route, place, path }: Input, text: string): Promise<Response> {
  const good = Object.fromEntries(
    (['params', 'headers'] as const).map((part) => [part, samples(route.request?.[part])]),
  ) as Record<'params' | 'headers', Record<string, string>>
  const [first = ''] = path
  const params = { ...good.params, ...(place === 'params' && { [first]: text }) }
  const url = route.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? ''))
  const query = place === 'query' ? `?${first}=${encodeURIComponent(text)}` : ''
  const body = place === 'body' ? nested(path, text) : {}
  const app = apps[service] as App
  return Promise.resolve(
    app.request(`${url}${query}`, {
      method: route.method.toUpperCase(),
      headers: {
        authorization: 'Bearer x',
        'content-type': 'application/json',
        ...good.headers,
        ...(place === 'headers' && { [first]: text }),
      },
      ...(route.request?.body && { body: JSON.stringify(body) }),
    }),
  )
}

const candidates = ['018f0000-0000-7000-8000-00000000000a', 'MUG-ENAMEL-BLUE', '"1"', 'key']

const samples = (schema: unknown): Record<string, string> =>
  Object.fromEntries(
    stringsIn(schema as z.ZodType | undefined).map(({ path, schema }) => [
      path.join('.'),
      candidates.find((text) => schema.safeParse(text).success) ?? basename(root),
    ]),
  )

const nested = ([key, ...rest]: Leaf['path'], text: string): unknown => {
  if (key === undefined) return text
  return typeof key === 'number' ? [nested(rest, text)] : { [key]: nested(rest, text) }
}
