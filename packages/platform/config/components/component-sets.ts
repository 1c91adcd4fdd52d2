import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { AppConfig } from '../dapr-yaml.ts'
import { type Project, UserError } from '../project.ts'

/** Kinds of component sets, with the name prefix of their folders in `components/`. */
export const prefixes = {
  broker: 'pubsub-',
  state: 'state-',
  secrets: 'secrets-',
  cache: 'cache-',
} as const
export type Kind = keyof typeof prefixes
export const kinds = Object.keys(prefixes) as Kind[]

/** Component sets that replace the ones in dapr.yaml, the numbers of instances, and whether traces are kept. */
export type ComponentSelection = Partial<Record<Kind, string>> & {
  instances?: string
  scale?: string
  observe?: boolean
}

export const setArgs = {
  broker: {
    type: 'string',
    valueHint: 'SET',
    description: 'Another broker than dapr.yaml names: components/pubsub-SET (or SIDECART_BROKER)',
  },
  state: {
    type: 'string',
    valueHint: 'SET',
    description: 'Another state store: components/state-SET (or SIDECART_STATE)',
  },
  secrets: {
    type: 'string',
    valueHint: 'SET',
    description: 'Another secret store: components/secrets-SET (or SIDECART_SECRETS)',
  },
  cache: {
    type: 'string',
    valueHint: 'SET',
    description:
      'A cache for products, which the shop can do without: components/cache-SET (or SIDECART_CACHE)',
  },
  instances: {
    type: 'string',
    valueHint: 'N',
    description: 'How many of each app (or SIDECART_INSTANCES)',
  },
  scale: {
    type: 'string',
    valueHint: 'APP=N,…',
    description: 'How many of these apps, such as orders=3,gateway=2 (or SIDECART_SCALE)',
  },
  portsFrom: {
    type: 'string',
    valueHint: 'PORT',
    description:
      'All ports in the thousand from here, now and later, for a shop beside another (or SIDECART_PORTS_FROM); `usual` ends it',
  },
  observe: {
    type: 'boolean',
    description: 'Keep a trace of every request, with a viewer (or SIDECART_OBSERVE=1; needs Java)',
  },
  demo: {
    type: 'boolean',
    description: 'Add the demo accounts (or SIDECART_DEMO=1), as a first start does',
    negativeDescription: 'Add no demo accounts, now and at later starts (or SIDECART_DEMO=0)',
  },
  install: {
    type: 'boolean',
    description: 'Install servers that are missing from the Debian packages (as root)',
  },
} as const

/** Returns the selection from the command line, else from the environment. */
export function chosen(
  given: { [K in Kind | 'instances' | 'scale']?: string | undefined } & {
    observe?: boolean | undefined
  },
  env: NodeJS.ProcessEnv = process.env,
): ComponentSelection {
  const names = [...kinds, 'instances', 'scale'] as const
  const entries = names.map((name) => [name, given[name] || env[`SIDECART_${name.toUpperCase()}`]])
  const observe = given.observe ?? env.SIDECART_OBSERVE === '1'
  return {
    ...Object.fromEntries(entries.filter(([, value]) => value)),
    ...(observe && { observe }),
  }
}

/** Returns the selection as arguments for another command. */
export const asFlags = (choice: ComponentSelection): string[] =>
  Object.entries(choice).flatMap(([name, value]) =>
    typeof value === 'string' ? [`--${name}`, value] : value ? [`--${name}`] : [],
  )

/** Returns the selection as environment variables for another process. */
export const asEnvironment = (choice: ComponentSelection): Record<string, string> =>
  Object.fromEntries(
    Object.entries(choice).map(([kind, value]) => [
      `SIDECART_${kind.toUpperCase()}`,
      typeof value === 'string' ? value : value ? '1' : '',
    ]),
  )

/** Returns the sets of a kind in this checkout, such as `jetstream`. */
export function setsOf(kind: Kind, components: string): string[] {
  return readdirSync(components)
    .filter((folder) => folder.startsWith(prefixes[kind]))
    .map((folder) => folder.slice(prefixes[kind].length))
    .sort()
}

/**
 * Returns the app configs with the chosen sets in place of the ones in dapr.yaml.
 * @throws UserError when a set does not exist, or dapr.yaml has no set to replace
 */
export function withSets(
  project: Project,
  appConfigs: readonly AppConfig[],
  choice: ComponentSelection,
): AppConfig[] {
  const components = join(project.root, 'components')
  for (const kind of kinds) assertThere(kind, choice[kind], components)
  return appConfigs.map((appConfig) => ({
    ...appConfig,
    resourcesPaths: kinds.reduce(
      (paths, kind) => swapped(appConfig.name, paths, kind, choice[kind]),
      appConfig.resourcesPaths,
    ),
  }))
}

function assertThere(kind: Kind, name: string | undefined, components: string): void {
  const there = setsOf(kind, components)
  if (name !== undefined && !there.includes(name))
    throw new UserError(`there is no ${kind} set ${name} in components/: ${there.join(', ')}`)
}

function swapped(app: string, paths: string[], kind: Kind, name: string | undefined): string[] {
  if (name === undefined) return paths
  const isOfKind = (path: string) => basename(path).startsWith(prefixes[kind])
  const [first = ''] = paths
  // the cache set is optional, and dapr.yaml names none
  if (kind === 'cache' && !paths.some(isOfKind))
    return [...paths, join(dirname(first), prefixes[kind] + name)]
  if (!paths.some(isOfKind))
    throw new UserError(
      `dapr.yaml: ${app} has no ${prefixes[kind]}… folder that --${kind} could replace`,
    )
  return paths.map((path) => (isOfKind(path) ? join(dirname(path), prefixes[kind] + name) : path))
}

/** Returns the set of a kind among resource folders: `jetstream` for components/pubsub-jetstream. */
export function setAmong(kind: Kind, paths: readonly string[]): string | undefined {
  const folder = paths.map((path) => basename(path)).find((name) => name.startsWith(prefixes[kind]))
  return folder?.slice(prefixes[kind].length)
}
