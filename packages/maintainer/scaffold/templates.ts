import { portsAt } from '@sidecart/platform/config/ports.ts'

/** A value exported by the contract of another service, such as `orderEvents.confirmed` of `orders`. */
export type Reference = { service: string; group: string; key: string }

export type NewService = {
  name: string
  position: number
  database: boolean
  /** Events to subscribe to, with their topics. */
  events: readonly (Reference & { topic: string })[]
  /** Versions of the packages that a service with a database imports. */
  versions: Record<'kysely' | 'uuid', string>
  /** Routes to call, with their methods and paths. */
  calls: readonly (Reference & { method: string; path: string })[]
}

/** Returns the files of a new service by name. The formatter is applied afterwards. */
export function filesOf(service: NewService): Record<string, string> {
  const { database, events, calls } = service
  return {
    'package.json': packageJson(service),
    'service.ts': manifest(service),
    'README.md': readme(service),
    'access.ts': access(service),
    'main.ts': main(service),
    ...(calls.length > 0 && { 'clients.ts': clients(service) }),
    ...(database
      ? {
          'contract.ts': contract(service),
          'ports.ts': ports(service),
          'app.ts': app(service),
          'app.test.ts': appTest(service),
          'store.ts': store(service),
          'migrations/001-initial.ts': migration(service),
          'migrations/index.ts': migrationsIndex,
        }
      : {
          'contract.ts': statelessContract(service),
          'app.ts': statelessApp(service),
          'app.test.ts': statelessTest(service),
        }),
    ...(events.length > 0 && { 'handlers.test.ts': handlersTest(service) }),
  }
}

const title = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

const unique = (names: readonly string[]): string[] => [...new Set(names)].sort()

const ownersOf = ({ events, calls }: NewService): string[] =>
  unique([...events, ...calls].map(({ service }) => service))

/** Returns the imports of values from the contracts of other services. */
const importsOf = (references: readonly Reference[]): string =>
  unique(
    references.map(
      ({ service, group }) => `import { ${group} } from '@sidecart/${service}/contract.ts'`,
    ),
  ).join('\n')

const expression = ({ group, key }: Reference): string => `${group}.${key}`

function packageJson(service: NewService): string {
  const { name, database } = service
  const own = (names: readonly string[]) =>
    Object.fromEntries(names.map((one) => [`@sidecart/${one}`, '0.1.0']))
  const content = {
    name: `@sidecart/${name}`,
    version: '0.1.0',
    private: true,
    type: 'module',
    exports: { './contract.ts': './contract.ts', './service.ts': './service.ts' },
    dependencies: {
      ...own(unique(['chassis', ...ownersOf(service)])),
      ...(database && service.versions),
    },
    devDependencies: own(['testing']),
  }
  return `${JSON.stringify(content, null, 2)}\n`
}

function manifest(service: NewService): string {
  const { name, position, database, events, calls } = service
  const byCallee = Object.entries(Object.groupBy(calls, ({ service: callee }) => callee)).map(
    ([callee, routes = []]) => `${callee}: [${routes.map(expression).join(', ')}]`,
  )
  return `import { defineService } from '@sidecart/chassis/contract/manifest.ts'
${importsOf([...events, ...calls])}
import { ${name}Routes } from './contract.ts'

export const service = defineService({
  name: '${name}',
  owns: '${database ? `the entries of ${name}` : 'nothing yet'}',
  position: ${position},
  routes: ${name}Routes,
${events.length > 0 ? `  subscribesTo: [${events.map(expression).join(', ')}],\n` : ''}${
  calls.length > 0 ? `  calls: { ${byCallee.join(', ')} },\n` : ''
}${database ? '  database: true,\n' : ''}})
`
}

function readme({ name, position, database, events, calls }: NewService): string {
  const list = (items: readonly string[]) =>
    items.length > 0 ? items.map((item) => `\`${item}\``).join(', ') : 'nothing'
  return `# ${name}

- **Owns**: ${database ? `the entries of ${name}` : 'nothing yet'}.
- **Subscribes to**: ${list(events.map(({ topic }) => topic))}.
- **Publishes**: nothing.
- **Calls**: ${list(calls.map(({ service, method, path }) => `${service}: ${method.toUpperCase()} ${path}`))}.

\`GET /${name}\` at the gateway needs an access token. The app listens at ${portsAt(position).app}.

Tests: \`npx vitest run services/${name}\`
`
}

const access = ({ name, database }: NewService): string => `/**
 * The status of each public route for an anonymous caller, another customer, the owner and an operator.
 * \`tests/security/routes.test.ts\` sends each request to the started shop.
 */
export const access = {
  'GET /${name}': [401, 200, 200, 200],
${database ? `  'POST /${name}': [401, 400, 400, 400],\n` : ''}}
`

const clients = ({
  calls,
}: NewService): string => `import { callService } from '@sidecart/chassis/sidecar/service-client.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
${importsOf(calls)}

type Input<R extends Parameters<typeof callService>[2]> = Parameters<typeof callService<R>>[3]

${Object.entries(Object.groupBy(calls, ({ service }) => service))
  .map(
    ([callee, routes = []]) => `export const create${title(callee)}Client = (sidecar: Sidecar) => ({
${routes
  .map(
    ({ group, key }) =>
      `  ${key}: (input: Input<typeof ${group}.${key}>) => callService(sidecar, '${callee}', ${group}.${key}, input),\n`,
  )
  .join('')}})
export type ${title(callee)}Client = ReturnType<typeof create${title(callee)}Client>
`,
  )
  .join('\n')}`

const calleesOf = ({ calls }: NewService): string[] => unique(calls.map(({ service }) => service))

const clientImports = (service: NewService, type: 'type ' | ''): string =>
  calleesOf(service).length > 0
    ? `import ${type}{ ${calleesOf(service)
        .map((callee) => (type ? `${title(callee)}Client` : `create${title(callee)}Client`))
        .join(', ')} } from './clients.ts'\n`
    : ''

function main(service: NewService): string {
  const { name, database, events } = service
  const created = calleesOf(service).map(
    (callee) => `  ${callee}: create${title(callee)}Client(service.sidecar),\n`,
  )
  if (!database)
    return `import { startService } from '@sidecart/chassis/service.ts'
import { create${title(name)}App } from './app.ts'
${clientImports(service, '')}
const service = await startService('${name}')
service.listen(create${title(name)}App({
  ...service,
${created.join('')}}))
`
  const consumes = events.length > 0
  return `${
    consumes
      ? `import { createRetryWorker } from '@sidecart/chassis/messaging/consumer-retry.ts'
import { createDeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import { createInbox } from '@sidecart/chassis/messaging/inbox.ts'
import { createRetentionWorker } from '@sidecart/chassis/messaging/retention.ts'
`
      : ''
  }import { openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { startService } from '@sidecart/chassis/service.ts'
import { create${title(name)}App${consumes ? `, ${name}Handlers` : ''} } from './app.ts'
${clientImports(service, '')}import { migrations } from './migrations/index.ts'
import { createEntryStore, type ${title(name)}Tables } from './store.ts'

const service = await startService('${name}')
const { log, sidecar } = service
const connectionString = await sidecar.secret('${name}-database')
const database = await openDatabase<${title(name)}Tables>({ connectionString, migrations, log })
service.onStop(database.close)

const ports = {
  ...service,
  entries: createEntryStore(database),
${created.join('')}${
  consumes
    ? `  inbox: createInbox(database),
  deadLetters: createDeadLetters(database),
`
    : ''
}  ready: database.ping,
}
${
  consumes
    ? `const handlers = ${name}Handlers(ports)
const retryWorker = createRetryWorker({ ...ports, name: '${name}', handlers })
const retention = createRetentionWorker({ ...service, database })
service.listen(create${title(name)}App(ports), [retryWorker, retention])
`
    : `service.listen(create${title(name)}App(ports))
`
}`
}

const contract = ({
  name,
}: NewService): string => `import { body, createRoute, json, z } from '@sidecart/chassis/contract/openapi.ts'
import { line } from '@sidecart/chassis/contract/text.ts'

export const NewEntry = z.strictObject({ text: line(200) }).openapi('New${title(name)}Entry')
export type NewEntry = z.infer<typeof NewEntry>

export const Entry = z
  .object({ entryId: z.uuid(), text: z.string(), createdAt: z.iso.datetime() })
  .openapi('${title(name)}Entry')
export type Entry = z.infer<typeof Entry>

const tags = ['${name}']
const security = [{ bearer: [] }]

export const ${name}Routes = {
  list: createRoute({
    method: 'get',
    path: '/${name}',
    tags,
    summary: 'The last hundred entries, newest first',
    security,
    responses: { 200: json(z.object({ entries: z.array(Entry) })) },
  }),
  add: createRoute({
    method: 'post',
    path: '/${name}',
    tags,
    summary: 'Add an entry',
    security,
    request: { body: body(NewEntry) },
    responses: { 201: json(Entry, 'Added') },
  }),
}
`

const ports = ({
  events,
}: NewService): string => `import type { Entry, NewEntry } from './contract.ts'

export type EntryStore${events.length > 0 ? '<T>' : ''} = {
  /** Newest first. */
  list(most: number): Promise<Entry[]>
  add(entry: NewEntry): Promise<Entry>
${
  events.length > 0
    ? `  /** Adds an entry in the transaction that marks an event as received. */
  record(tx: T, entry: NewEntry): Promise<void>
`
    : ''
}}
`

function app(service: NewService): string {
  const { name, events } = service
  const consumes = events.length > 0
  const generic = consumes ? '<T>' : ''
  return `import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
${
  consumes
    ? `import { type Handler, on } from '@sidecart/chassis/messaging/consumer.ts'
import { mountConsumer } from '@sidecart/chassis/messaging/consumer-routes.ts'
import type { DeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import type { Inbox } from '@sidecart/chassis/messaging/inbox.ts'
`
    : ''
}import type { Log } from '@sidecart/chassis/observability/log.ts'
${importsOf(events)}
${clientImports(service, 'type ')}import { ${name}Routes } from './contract.ts'
import type { EntryStore } from './ports.ts'

const mostListed = 100

export type ${title(name)}Ports${generic} = {
  entries: EntryStore${generic}
${calleesOf(service)
  .map((callee) => `  ${callee}: ${title(callee)}Client\n`)
  .join('')}${consumes ? '  inbox: Inbox<T>\n  deadLetters: DeadLetters\n' : ''}  verify: Verifier
  log: Log
  appToken?: string
  ready?: () => Promise<void>
}
${
  consumes
    ? `
export const ${name}Handlers = <T>({ entries }: Pick<${title(name)}Ports<T>, 'entries'>): Handler<T>[] => [
${events
  .map(
    (event) =>
      `  on(${expression(event)}, (_, tx: T, { type, id }) => entries.record(tx, { text: \`\${type} \${id}\` })),\n`,
  )
  .join('')}]
`
    : ''
}
export function create${title(name)}App${generic}(ports: ${title(name)}Ports${generic}): App {
  const { entries, verify${consumes ? ', inbox, deadLetters, log' : ''} } = ports
  const app = createApp({ ...ports, name: '${name}' })

  app.use('/${name}/*', signedIn(verify))
${consumes ? `  app.use('/${name}/dead-letters/*', signedIn(verify, 'operator'))\n` : ''}
  app.openapi(${name}Routes.list, async (c) =>
    c.json({ entries: await entries.list(mostListed) }, 200),
  )

  app.openapi(${name}Routes.add, async (c) =>
    c.json(await entries.add(c.req.valid('json')), 201),
  )
${
  consumes
    ? `
  mountConsumer(app, { name: '${name}', handlers: ${name}Handlers(ports), inbox, deadLetters, log })
`
    : ''
}
  return app
}
`
}

const store = ({ name, events }: NewService): string => {
  const consumes = events.length > 0
  const types = consumes ? 'Database, Tx' : 'Database'
  return `import type { ${types} } from '@sidecart/chassis/persistence/database.ts'
import type { Generated } from 'kysely'
import { v7 as uuid } from 'uuid'
import type { EntryStore } from './ports.ts'

export type ${title(name)}Tables = {
  entries: { entry_id: string; text: string; created_at: Generated<Date> }
}

export function createEntryStore(
  { rows }: Database<${title(name)}Tables>,
): EntryStore${consumes ? `<Tx<${title(name)}Tables>>` : ''} {
  return {
    async list(most) {
      const found = await rows
        .selectFrom('entries')
        .selectAll()
        .orderBy('entry_id', 'desc')
        .limit(most)
        .execute()
      return found.map(toEntry)
    },

    async add({ text }) {
      const added = await rows
        .insertInto('entries')
        .values({ entry_id: uuid(), text })
        .returningAll()
        .executeTakeFirstOrThrow()
      return toEntry(added)
    },
${
  consumes
    ? `
    async record(tx, { text }) {
      await tx.rows.insertInto('entries').values({ entry_id: uuid(), text }).execute()
    },
`
    : ''
}  }
}

const toEntry = (row: { entry_id: string; text: string; created_at: Date }) => ({
  entryId: row.entry_id,
  text: row.text,
  createdAt: row.created_at.toISOString(),
})
`
}

const migration = (_: NewService): string => `import {
  addHandledBy,
  addNextAttempts,
  addPruned,
  createMessagingTables,
  renameHeardAt,
} from '@sidecart/chassis/persistence/messaging-tables.ts'
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await createMessagingTables(db)
  await addNextAttempts(db)
  await renameHeardAt(db)
  await addHandledBy(db)
  await addPruned(db)
  await sql\`
    create table entries (
      entry_id uuid primary key,
      text text not null,
      created_at timestamptz not null default now()
    )\`.execute(db)
}
`

const migrationsIndex = `import type { Migration } from 'kysely/migration'
import * as initial from './001-initial.ts'

export const migrations: Record<string, Migration> = { '001-initial': initial }
`

const appTest = (service: NewService): string => {
  const { name, events } = service
  const consumes = events.length > 0
  return `import { createLog } from '@sidecart/chassis/observability/log.ts'
import { testTokens } from '@sidecart/testing/tokens.ts'
import { beforeEach, expect, it } from 'vitest'
import { create${title(name)}App } from './app.ts'
import type { Entry } from './contract.ts'

const { verify, bearer } = await testTokens()
const headers = {
  ...(await bearer('019a0000-0000-7000-8000-00000000000a')),
  'content-type': 'application/json',
}

let entries: Entry[]
let app: ReturnType<typeof create${title(name)}App>
beforeEach(() => {
  entries = []
  app = create${title(name)}App({
    entries: {
      list: async () => entries,
      async add({ text }) {
        const entryId = '019a0000-0000-7000-8000-00000000000b'
        const entry = { entryId, text, createdAt: '2026-01-01T00:00:00.000Z' }
        entries.push(entry)
        return entry
      },
${consumes ? '      record: async () => {},\n' : ''}    },
${calleesOf(service)
  .map((callee) => `    ${callee}: {} as never,\n`)
  .join('')}${consumes ? '    inbox: {} as never,\n    deadLetters: {} as never,\n' : ''}    verify,
    log: createLog('${name}', 'silent'),
  })
})

it('is for those who have signed in', async () => {
  expect((await app.request('/${name}')).status).toBe(401)
})

it('lists what was added', async () => {
  const body = JSON.stringify({ text: 'first' })
  expect((await app.request('/${name}', { method: 'POST', headers, body })).status).toBe(201)
  const answer = await app.request('/${name}', { headers })
  expect(await answer.json()).toMatchObject({ entries: [{ text: 'first' }] })
})
`
}

const handlersTest = ({
  name,
  events,
}: NewService): string => `import type { CloudEvent } from '@sidecart/chassis/contract/event.ts'
${importsOf(events)}
import { expect, it } from 'vitest'
import { ${name}Handlers } from './app.ts'

const texts: string[] = []
const handlers = ${name}Handlers({
  entries: {
    list: async () => [],
    add: () => Promise.reject(new Error('not in a transaction')),
    record: async (_: string, { text }) => void texts.push(text),
  },
})

it('records every event', async () => {
  expect(handlers.map(({ event }) => event)).toEqual([${events.map(expression).join(', ')}])
  for (const { event, handle } of handlers)
    await handle({} as never, 'transaction', { id: '1', type: event.topic } as CloudEvent)
  expect(texts).toEqual(handlers.map(({ event }) => \`\${event.topic} 1\`))
})
`

const statelessContract = ({
  name,
}: NewService): string => `import { createRoute, json, z } from '@sidecart/chassis/contract/openapi.ts'

export const Greeting = z.object({ text: z.string() }).openapi('${title(name)}Greeting')

export const ${name}Routes = {
  greet: createRoute({
    method: 'get',
    path: '/${name}',
    tags: ['${name}'],
    summary: 'A greeting',
    security: [{ bearer: [] }],
    responses: { 200: json(Greeting) },
  }),
}
`

const statelessApp = (service: NewService): string => {
  const { name } = service
  return `import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
${clientImports(service, 'type ')}import { ${name}Routes } from './contract.ts'

export type ${title(name)}Ports = {
${calleesOf(service)
  .map((callee) => `  ${callee}: ${title(callee)}Client\n`)
  .join('')}  verify: Verifier
  log: Log
  appToken?: string
}

export function create${title(name)}App(ports: ${title(name)}Ports): App {
  const app = createApp({ ...ports, name: '${name}' })

  app.use('/${name}/*', signedIn(ports.verify))

  app.openapi(${name}Routes.greet, (c) => c.json({ text: 'Hello from ${name}.' }, 200))

  return app
}
`
}

const statelessTest = (service: NewService): string => {
  const { name } = service
  return `import { createLog } from '@sidecart/chassis/observability/log.ts'
import { testTokens } from '@sidecart/testing/tokens.ts'
import { expect, it } from 'vitest'
import { create${title(name)}App } from './app.ts'

const { verify, bearer } = await testTokens()
const app = create${title(name)}App({
  verify,
${calleesOf(service)
  .map((callee) => `  ${callee}: {} as never,\n`)
  .join('')}  log: createLog('${name}', 'silent'),
})

it('is for those who have signed in', async () => {
  expect((await app.request('/${name}')).status).toBe(401)
})

it('greets', async () => {
  const headers = await bearer('019a0000-0000-7000-8000-00000000000a')
  const answer = await app.request('/${name}', { headers })
  expect(await answer.json()).toEqual({ text: 'Hello from ${name}.' })
})
`
}
