import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { EventDefinition } from '@sidecart/chassis/contract/event.ts'
import { publicSegments, reserved } from '@sidecart/platform/config/manifest.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { portsAt, providerPort } from '@sidecart/platform/config/ports.ts'
import { type Project, UserError } from '@sidecart/platform/config/project.ts'
import { regenerate } from './regenerate.ts'
import { filesOf, type NewService } from './templates.ts'
import { addWorkspace } from './workspace.ts'

export type Wanted = {
  database: boolean
  /** Topics. */
  subscribes: readonly string[]
  /** `SERVICE` or `SERVICE.ROUTE`. */
  calls: readonly string[]
}

/**
 * Writes a service that starts and is tested, and everything that follows from its manifest. Returns the paths of the
 * written files.
 * @throws UserError when the name is taken or not possible, or an event or route does not exist
 */
export async function newService(
  project: Project,
  name: string,
  wanted: Wanted,
): Promise<string[]> {
  assertName(project, name)
  if (wanted.subscribes.length > 0 && !wanted.database)
    throw new UserError('--subscribes needs --database: inbox and dead letters are tables of it')
  const service: NewService = {
    name,
    position: freePosition(),
    database: wanted.database,
    versions: versionsOf(project),
    events: await Promise.all(wanted.subscribes.map(eventOf)),
    calls: await Promise.all(wanted.calls.map(routeOf)),
  }
  const folder = `services/${name}`
  const files = Object.entries(filesOf(service))
  for (const [file, text] of files) write(project, `${folder}/${file}`, text)
  const biome = join(project.root, 'node_modules/.bin/biome')
  execFileSync(biome, ['check', '--write', folder], { cwd: project.root, stdio: 'pipe' })
  addWorkspace(project, name)
  return [
    ...files.map(([file]) => `${folder}/${file}`),
    'package-lock.json',
    ...regenerate(project),
  ]
}

function write({ root }: Project, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** Names of packages, containers, networks, databases and pages of the web app. */
const taken = [
  ...['accounts', 'authority', 'bench', 'broker', 'chassis', 'cli', 'client', 'database', 'edge'],
  ...['identities', 'inbox', 'mail', 'maintainer', 'mesh', 'nats', 'nobody', 'operations'],
  ...['platform', 'postgres', 'provider', 'renewal', 'scheduler', 'secrets', 'sentry', 'setup'],
  ...['sidecar', 'state', 'testing', 'tests', 'trust', 'verify', 'web'],
  ...['account', 'checkout', 'confirm', 'invitation', 'item', 'register', 'shop'],
]

function assertName({ root }: Project, name: string): void {
  if (!/^[a-z]{2,20}$/.test(name))
    throw new UserError(
      `a service is called by one word of 2 to 20 lower-case letters, not ${name}`,
    )
  const owner = manifests.find(
    (service) => service.name === name || publicSegments(service).includes(name),
  )
  if (owner) throw new UserError(`${name} is a name or a path of the service ${owner.name}`)
  if (taken.includes(name) || reserved.includes(name))
    throw new UserError(`${name} has another meaning here: a package, a container or a page`)
  if (existsSync(join(root, 'services', name)))
    throw new UserError(`services/${name} is there already`)
}

/** Returns the versions that the chassis uses, which are in the lock. */
function versionsOf({ root }: Project): NewService['versions'] {
  const text = readFileSync(join(root, 'packages/chassis/package.json'), 'utf8')
  const { kysely, uuid } = (JSON.parse(text) as { dependencies: NewService['versions'] })
    .dependencies
  return { kysely, uuid }
}

function freePosition(): number {
  const free = Array.from({ length: 20 }, (_, index) => index).find(
    (position) =>
      portsAt(position).app !== providerPort &&
      manifests.every((service) => service.position !== position),
  )
  if (free === undefined) throw new UserError('no position from 0 to 19 is free')
  return free
}

/** Returns the name of the export of a contract with this value. */
async function groupOf(service: string, value: unknown): Promise<string> {
  const contract = (await import(`@sidecart/${service}/contract.ts`)) as Record<string, unknown>
  const found = Object.entries(contract).find(([, exported]) => exported === value)
  if (!found) throw new UserError(`services/${service}/contract.ts does not export what it should`)
  return found[0]
}

async function eventOf(topic: string): Promise<NewService['events'][number]> {
  const all = manifests.flatMap(({ name, publishes = {} }) =>
    Object.entries(publishes).map(([key, event]) => ({ name, publishes, key, event })),
  )
  const found = all.find(({ event }) => (event as EventDefinition).topic === topic)
  if (!found)
    throw new UserError(
      `there is no event ${topic}; there are: ${all.map(({ event }) => event.topic).join(', ')}`,
    )
  const { name: service, key } = found
  return { service, group: await groupOf(service, found.publishes), key, topic }
}

async function routeOf(wanted: string): Promise<NewService['calls'][number]> {
  const [service = '', key] = wanted.split('.')
  const { routes = {} } = manifests.find(({ name }) => name === service) ?? {}
  const all = Object.entries(routes)
  if (all.length === 0) throw new UserError(`there is no service ${service} with routes`)
  // a service calls without the access token of a customer
  const open = all.filter(([, { security = [] }]) => security.length === 0)
  const byDefault = open.find(([, { method }]) => method === 'get') ?? open[0]
  const found = key === undefined ? byDefault : all.find(([name]) => name === key)
  if (!found)
    throw new UserError(
      `which route of ${service}? ${all.map(([name]) => `${service}.${name}`).join(', ')}`,
    )
  const [name, { method, path }] = found
  return { service, group: await groupOf(service, routes), key: name, method, path }
}
