import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { AppConfig } from './dapr-yaml.ts'
import { type Project, UserError } from './project.ts'

/** What can be swapped, and how the folders of its sets in `components/` begin. */
export const prefixes = {
  broker: 'pubsub-',
  state: 'state-',
  secrets: 'secrets-',
  cache: 'cache-',
} as const
export type Kind = keyof typeof prefixes
export const kinds = Object.keys(prefixes) as Kind[]

/** The sets to use instead of those that dapr.yaml names, and how many of each app. */
export type ComponentSelection = Partial<Record<Kind, string>> & { instances?: string }

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
  demo: {
    type: 'boolean',
    default: true,
    description: 'Add the demo accounts',
    negativeDescription: 'Add no demo accounts (or SIDECART_DEMO=0)',
  },
  install: {
    type: 'boolean',
    description: 'Install servers that are missing from the Debian packages (as root)',
  },
} as const

/** What was asked for on the command line, else in the environment. */
export function chosen(
  given: { [K in Kind | 'instances']?: string | undefined },
  env: NodeJS.ProcessEnv = process.env,
): ComponentSelection {
  const names = [...kinds, 'instances'] as const
  const entries = names.map((name) => [name, given[name] || env[`SIDECART_${name.toUpperCase()}`]])
  return Object.fromEntries(entries.filter(([, value]) => value)) as ComponentSelection
}

/** The same choice as arguments for another command. */
export const asFlags = (choice: ComponentSelection): string[] =>
  Object.entries(choice).flatMap(([name, value]) => [`--${name}`, value])

/** The same choice as variables for another process. */
export const asEnvironment = (choice: ComponentSelection): Record<string, string> =>
  Object.fromEntries(
    Object.entries(choice).map(([kind, name]) => [`SIDECART_${kind.toUpperCase()}`, name]),
  )

/** The sets of a kind that this checkout has, such as `jetstream`. */
export function setsOf(kind: Kind, components: string): string[] {
  return readdirSync(components)
    .filter((folder) => folder.startsWith(prefixes[kind]))
    .map((folder) => folder.slice(prefixes[kind].length))
    .sort()
}

/**
 * The appConfigs with the chosen sets in place of those that dapr.yaml names.
 * @throws UserError when there is no such set, or dapr.yaml names none that it could stand in for
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
  // a shop needs none, and so dapr.yaml names none
  if (kind === 'cache' && !paths.some(isOfKind))
    return [...paths, join(dirname(first), prefixes[kind] + name)]
  if (!paths.some(isOfKind))
    throw new UserError(
      `dapr.yaml: ${app} has no ${prefixes[kind]}… folder that --${kind} could replace`,
    )
  return paths.map((path) => (isOfKind(path) ? join(dirname(path), prefixes[kind] + name) : path))
}

/** The set of a kind among resource folders: `jetstream` for components/pubsub-jetstream. */
export function setAmong(kind: Kind, paths: readonly string[]): string | undefined {
  const folder = paths.map((path) => basename(path)).find((name) => name.startsWith(prefixes[kind]))
  return folder?.slice(prefixes[kind].length)
}
