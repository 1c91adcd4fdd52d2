import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import type { AppConfig } from '@sidecart/platform/config/dapr-yaml.ts'
import { type Project, UserError } from '@sidecart/platform/config/project.ts'
import type { NetworkProxies } from '@sidecart/platform/supervisor/network/network-proxies.ts'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { createFaults } from './faults.ts'
import { createInvariants } from './invariants.ts'
import { createMap } from './map.ts'
import { orderLogOf } from './order-log.ts'
import { componentsOf } from './sets.ts'
import { askSidecars } from './sidecars.ts'

export type OperationsApiOptions = {
  project: Project
  appConfigs: readonly AppConfig[]
  /** Proxies for network faults; without proxies, no fault may be injected. */
  links?: NetworkProxies | undefined
}

const NewFault = z.strictObject({
  does: z.enum(['kill', 'stop', 'slow', 'cut', 'decline', 'away']),
  target: z.string().max(64),
})

/** HTTP API of the operations console, on a Unix socket. The gateway enforces authentication and the operator role. */
export function createOperationsApi({ project, appConfigs, links }: OperationsApiOptions): Hono {
  const metadata = () => askSidecars(project, appConfigs)
  const map = createMap(project, appConfigs, metadata)
  const invariants = createInvariants(project)
  const faults = createFaults(project, appConfigs, links)
  const app = new Hono()

  app.use(bodyLimit({ maxSize: 4 * 1024 }))
  app.get('/operations/map', async (c) => c.json(await map()))
  app.get('/operations/components', async (c) =>
    c.json(componentsOf(project, appConfigs, await metadata())),
  )
  app.get('/operations/invariants', (c) => c.json(invariants.ask()))
  app.post('/operations/invariants', (c) => c.json(invariants.run()))
  app.get('/operations/orders/:orderId', (c) => {
    const orderId = z.uuid().parse(c.req.param('orderId'))
    return c.json(orderLogOf(project, appConfigs, orderId))
  })
  app.get('/operations/faults', (c) => c.json(faults.report()))
  app.post('/operations/faults', async (c) => {
    const { does, target } = NewFault.parse(await c.req.json())
    const { data: operatorId } = z.uuid().safeParse(c.req.header('x-operator-id'))
    return c.json(await faults.make(does, target, operatorId))
  })
  app.delete('/operations/faults/:id', async (c) => c.json(await faults.lift(c.req.param('id'))))

  app.notFound((c) => c.json(problem(404, 'not-found', 'There is nothing here.'), 404))
  app.onError((error, c) => {
    if (error instanceof z.ZodError)
      return c.json(problem(400, 'invalid-request', z.prettifyError(error)), 400)
    const isUserError = error instanceof UserError
    if (!isUserError) console.error(error)
    const status = isUserError ? 409 : 500
    return c.json(problem(status, isUserError ? 'refused' : 'internal', error.message), status)
  })
  return app
}

const problem = (status: number, code: string, detail: string) => ({
  type: `https://sidecart.example/problems/${code}`,
  title: code === 'internal' ? 'Something went wrong' : 'Refused',
  status,
  code,
  detail,
})

/** Opens the API on a Unix socket of mode 0600. Returns a function that closes the API. */
export function openOperationsApi(options: OperationsApiOptions): Promise<() => void> {
  const { operationsSocket } = options.project
  mkdirSync(dirname(operationsSocket), { recursive: true })
  rmSync(operationsSocket, { force: true })
  const server = createAdaptorServer({ fetch: createOperationsApi(options).fetch })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(operationsSocket, () => {
      chmodSync(operationsSocket, 0o600)
      resolve(() => {
        server.close()
        rmSync(operationsSocket, { force: true })
      })
    })
  })
}
