import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import type { Stanza } from '@sidecart/platform/config/dapr-yaml.ts'
import { Advice, type Project } from '@sidecart/platform/config/project.ts'
import type { Links } from '@sidecart/platform/supervisor/network-proxies.ts'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { createBooks } from './books.ts'
import { createFaults } from './faults.ts'
import { createMap } from './map.ts'
import { componentsOf } from './sets.ts'
import { askSidecars } from './sidecars.ts'
import { trailOf } from './trail.ts'

export type DeskOptions = {
  project: Project
  stanzas: readonly Stanza[]
  /** Links that can be disturbed; none: the shop is not to be broken. */
  links?: Links | undefined
}

const NewFault = z.strictObject({
  does: z.enum(['kill', 'stop', 'slow', 'cut', 'decline', 'away']),
  target: z.string().max(64),
})

/** Where the supervisor answers what only it knows, and does what only it can. Who may ask is decided at the gateway. */
export function createDesk({ project, stanzas, links }: DeskOptions): Hono {
  const metadata = () => askSidecars(project, stanzas)
  const map = createMap(project, stanzas, metadata)
  const books = createBooks(project)
  const faults = createFaults(project, stanzas, links)
  const app = new Hono()

  app.use(bodyLimit({ maxSize: 4 * 1024 }))
  app.get('/operations/map', async (c) => c.json(await map()))
  app.get('/operations/components', async (c) =>
    c.json(componentsOf(project, stanzas, await metadata())),
  )
  app.get('/operations/books', (c) => c.json(books.ask()))
  app.post('/operations/books', (c) => c.json(books.run()))
  app.get('/operations/orders/:orderId', (c) => {
    const orderId = z.uuid().parse(c.req.param('orderId'))
    return c.json(trailOf(project, stanzas, orderId))
  })
  app.get('/operations/faults', (c) => c.json(faults.report()))
  app.post('/operations/faults', async (c) => {
    const { does, target } = NewFault.parse(await c.req.json())
    return c.json(await faults.make(does, target))
  })
  app.delete('/operations/faults/:id', async (c) => c.json(await faults.lift(c.req.param('id'))))

  app.notFound((c) => c.json(problem(404, 'not-found', 'There is nothing here.'), 404))
  app.onError((error, c) => {
    if (error instanceof z.ZodError)
      return c.json(problem(400, 'invalid-request', z.prettifyError(error)), 400)
    const isAdvice = error instanceof Advice
    if (!isAdvice) console.error(error)
    const status = isAdvice ? 409 : 500
    return c.json(problem(status, isAdvice ? 'refused' : 'internal', error.message), status)
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

/** Opens the desk on a socket that only this user can reach. Answers how to close it. */
export function openDesk(options: DeskOptions): Promise<() => void> {
  const { deskSocket } = options.project
  mkdirSync(dirname(deskSocket), { recursive: true })
  rmSync(deskSocket, { force: true })
  const server = createAdaptorServer({ fetch: createDesk(options).fetch })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(deskSocket, () => {
      chmodSync(deskSocket, 0o600)
      resolve(() => {
        server.close()
        rmSync(deskSocket, { force: true })
      })
    })
  })
}
