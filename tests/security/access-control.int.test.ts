import { deadLetterRoutes } from '@sidecart/chassis/messaging/consumer-routes.ts'
import { callersOf, operationsFor, ruleFor } from '@sidecart/platform/config/access-control.ts'
import { consumers, routesByService } from '@sidecart/platform/config/manifests.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { read } from '../architecture/tree.ts'
import {
  type Asked,
  demanding,
  type End,
  invoke,
  openCarelessApp,
  openMesh,
  type Sidecar,
} from './sidecars.ts'

/*
 * The access lists alone: real sidecars with the committed configurations, and in place of each service an app that
 * serves whatever it is asked, as a URL parser reads it. Every call that reaches such an app is one that was allowed.
 */

const verbs = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const services = Object.keys(routesByService)
const callers = ['gateway', ...services, 'stranger']
const ends: End[] = []
afterAll(async () => {
  for (const end of ends.toReversed()) await end()
})

const machinePaths = ['/metrics', '/readyz', '/healthz', '/dapr/subscribe', '/dapr/config']
const eventPaths = ['/events/orders-confirmed-v1', '/events/carts-dead-letters-v1']

const id = '018f0000-0000-7000-8000-00000000000a'
const filled = (template: string) => template.replaceAll(/\{\w+\}/g, id)

let mesh: Awaited<ReturnType<typeof openMesh>>
const sidecars = new Map<string, Sidecar>()
const apps = new Map<string, { port: number; asked: Asked[] }>()

beforeAll(async () => {
  mesh = await openMesh(ends)
  await Promise.all(
    callers.map(async (app) => {
      const careless = await openCarelessApp(ends)
      apps.set(app, careless)
      sidecars.set(app, await mesh.sidecarOf(app, careless.port))
    }),
  )
}, 120_000)

const sidecarOf = (app: string): Sidecar => {
  const sidecar = sidecars.get(app)
  if (!sidecar) throw new Error(`no sidecar of ${app}`)
  return sidecar
}

/** What an app was asked while something was done. */
async function askedOf(app: string, doing: () => Promise<unknown>): Promise<string[]> {
  const { asked } = apps.get(app) ?? { asked: [] }
  const before = asked.length
  await doing()
  return asked.slice(before).map(({ method, path }) => `${method} ${path}`)
}

/** Every path that means something in a service, anyone who may use it. */
const pathsOf = (service: string): string[] => [
  ...Object.values(routesByService[service] ?? {}).map(({ path }) => path),
  ...(consumers.includes(service) ? deadLetterRoutes(service).map(({ path }) => path) : []),
]
const everyPath = new Set([
  ...services.flatMap(pathsOf),
  ...['/openapi.json', '/.well-known/jwks.json'],
  ...machinePaths,
  ...eventPaths,
])

describe.each(services)('%s', (callee) => {
  it('can be asked every route that its callers’ contracts name', async () => {
    for (const [caller, routes] of Object.entries(callersOf(callee)))
      for (const { method, path } of routes) {
        const call = () => invoke(sidecarOf(caller), callee, method.toUpperCase(), filled(path))
        expect(await askedOf(callee, call), `${caller} → ${callee}`).toEqual([
          `${method.toUpperCase()} ${filled(path)}`,
        ])
      }
  })

  it.each(callers.filter((caller) => caller !== callee))(
    'refuses every other verb and path to %s',
    async (caller) => {
      const operations = operationsFor(callersOf(callee)[caller] ?? [])
      const isAllowed = (verb: string, path: string) =>
        operations.some(({ name, verbs }) => verbs.includes(verb) && name === ruleFor(path))
      const wrong: string[] = []
      for (const path of everyPath)
        await Promise.all(
          verbs
            .filter((verb) => !isAllowed(verb, path))
            .map(async (verb) => {
              const { status, text } = await invoke(sidecarOf(caller), callee, verb, filled(path))
              if (status !== 403)
                wrong.push(`${caller} → ${callee} ${verb} ${path}: ${status} ${text}`)
            }),
        )
      expect(wrong).toEqual([])
    },
    60_000,
  )
})

describe('a path that is read in two ways', () => {
  const ups = ['%252e%252e', '%252E%252E', '.%252e', '%252e.', '%25252e%25252e', '%2e%2e', '..']
  const slashes = ['/', '%2f', '%252f', '%5c', '%255c', '\\']
  const targets = ['events/orders-confirmed-v1', 'metrics', 'internal/products']
  const secret = /^\S+ \/(events|metrics|readyz|healthz|internal)(\/|$)/

  it.each(services)(
    'reaches nothing hidden in %s',
    async (callee) => {
      const starts = operationsFor(callersOf(callee).gateway ?? []).map(({ name }) =>
        name.replaceAll('***', id).replace(/\/\*$/, ''),
      )
      const asked = await askedOf(callee, async () => {
        for (const start of starts)
          for (const up of ups)
            await Promise.all(
              slashes.flatMap((slash) =>
                targets.flatMap((target) => {
                  const depth = start.split('/').length - 1
                  const path = `${start}${`${slash}${up}`.repeat(depth)}${slash}${target}`
                  return ['GET', 'POST'].map((verb) =>
                    invoke(sidecarOf('gateway'), callee, verb, path).catch(() => undefined),
                  )
                }),
              ),
            )
      })
      expect(asked.filter((one) => secret.test(one))).toEqual([])
    },
    60_000,
  )
})

describe('an identity from elsewhere', () => {
  it('of another trust domain may nothing', async () => {
    // every identity here is of `public`, so the callee expects another one
    const lists = read('components/common/configuration/catalog.yaml')
    const edit = () => lists.replaceAll('trustDomain: public', 'trustDomain: elsewhere')
    const app = await openCarelessApp(ends)
    await mesh.sidecarOf('elsewhere', app.port, { edit })
    const { status } = await invoke(sidecarOf('gateway'), 'elsewhere', 'GET', '/products')
    expect(status).toBe(403)
    expect(app.asked.filter(({ path }) => path === '/products')).toEqual([])
  })

  it('of another namespace may nothing', async () => {
    const sidecar = await mesh.sidecarOf('gateway', undefined, { namespace: 'elsewhere' })
    const asked = await askedOf('catalog', async () => {
      const { status } = await invoke(sidecar, 'catalog.default', 'GET', '/products')
      expect(status).toBeGreaterThanOrEqual(400)
    })
    expect(asked).toEqual([])
  })

  it('of another authority reaches nobody', async () => {
    const foreign = await openMesh(ends, { namesFile: mesh.namesFile })
    const sidecar = await foreign.sidecarOf('gateway')
    const asked = await askedOf('catalog', async () => {
      const { status } = await invoke(sidecar, 'catalog', 'GET', '/products')
      expect(status).toBeGreaterThanOrEqual(400)
    })
    expect(asked).toEqual([])
  })
})

describe('the authority of the shop', () => {
  let proven: Awaited<ReturnType<typeof openMesh>>
  beforeAll(async () => {
    proven = await openMesh(ends, { authority: demanding })
  }, 60_000)

  it('an app with its proof gets its identity', async () => {
    expect(await proven.sidecarOf('orders', undefined, { proofOf: 'orders' })).toBeTruthy()
  })

  it.each([undefined, 'catalog'])(
    'an app without a proof gets no identity: %s',
    async (proofOf) => {
      const sidecar = proven.sidecarOf('orders', undefined, proofOf ? { proofOf } : {})
      await expect(sidecar).rejects.toThrow('got no identity')
    },
  )
})
