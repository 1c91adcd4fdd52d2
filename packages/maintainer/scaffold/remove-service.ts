import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gatewayApp } from '@sidecart/platform/config/instances.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { type Project, UserError } from '@sidecart/platform/config/project.ts'
import { withoutPanels } from './dashboard.ts'
import { withoutParts, withoutReferences } from './optional-parts.ts'
import { regenerate } from './regenerate.ts'
import { removeWorkspace } from './workspace.ts'

/** Files by path with another text; undefined: removed. */
type Changes = Map<string, string | undefined>

/**
 * Removes a service: its folder, its contract snapshots, the parts of other files that only this service needs, and
 * everything that was generated from its manifest. Returns the paths of the written files.
 * @throws UserError naming the services and files that depend on it
 */
export function removeService(project: Project, name: string): string[] {
  const service = manifests.find((one) => one.name === name)
  if (!service)
    throw new UserError(
      `there is no service ${name}; there are: ${manifests.map((one) => one.name).join(', ')}`,
    )
  if (name === gatewayApp) throw new UserError('the gateway is the entry point of all services')
  const services = dependents(name)
  const changes = withoutService(project, name)
  const files = importers(project, name, changes)
  if (services.length + files.length > 0)
    throw new UserError(
      [
        `${name} is still needed:`,
        ...services.map((line) => `  ${line}`),
        ...files.map((file) => `  ${file} imports from it`),
        'Change or remove these first.',
      ].join('\n'),
    )
  const gone = [
    `services/${name}`,
    ...globSync(`tests/contracts/snapshots/${name}-*.json`, { cwd: project.root }),
  ]
  for (const path of gone) rmSync(join(project.root, path), { recursive: true })
  apply(project, changes)
  removeWorkspace(project, name)
  return [...changes.keys(), 'package-lock.json', ...regenerate(project)]
}

/** Returns a line for each other service that calls it or subscribes to its events. */
function dependents(name: string): string[] {
  return manifests
    .filter((other) => other.name !== name)
    .flatMap((other) => [
      ...(other.calls?.[name] ?? []).map(
        ({ method, path }) => `${other.name} calls ${method.toUpperCase()} ${path}`,
      ),
      ...(other.subscribesTo ?? [])
        .filter(({ owner }) => owner === name)
        .map(({ topic }) => `${other.name} subscribes to ${topic}`),
    ])
}

/** The example service of another project. */
const templates = 'packages/maintainer/scaffold/app/'

const textFiles =
  '{*.{md,yml,yaml},{services,packages,tests,bench,deploy,web,docs}/**/*.{ts,tsx,mjs,md,yml,yaml,json}}'

function filesOutside({ root }: Project, name: string): string[] {
  return globSync(textFiles, {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|dist|results)$/.test(String(path)),
  })
    .filter((path) => !path.startsWith(`services/${name}/`) && !path.startsWith(templates))
    .sort()
}

/** Returns the files that change with the service, besides generated ones. */
function withoutService(project: Project, name: string): Changes {
  const changes: Changes = new Map()
  const read = (path: string) => readFileSync(join(project.root, path), 'utf8')
  const paths = filesOutside(project, name)
  for (const path of paths) {
    const text = read(path)
    if (path.startsWith('deploy/grafana/') && text.includes(`${name}_`))
      changes.set(path, withoutPanels(text, name))
    else if (text.includes(`${name}: optional`)) changes.set(path, withoutParts(path, text, name))
  }
  const isGone = (path: string) =>
    path.startsWith(`services/${name}/`) || (changes.has(path) && changes.get(path) === undefined)
  for (const path of paths.filter((path) => path.endsWith('.md') && !isGone(path))) {
    const text = changes.get(path) ?? read(path)
    const rest = withoutReferences(text, isGone)
    if (rest !== text) changes.set(path, rest)
  }
  const code = importers(project, name, changes).filter((path) => !path.endsWith('package.json'))
  const needing = new Set(code.map(packageOf))
  for (const path of paths.filter((path) => path.endsWith('package.json'))) {
    const text = read(path)
    if (!text.includes(`"@sidecart/${name}"`) || needing.has(dirname(path))) continue
    changes.set(path, text.replace(new RegExp(`^ *"@sidecart/${name}": .*\n`, 'm'), ''))
  }
  return changes
}

const packageOf = (path: string): string =>
  /^(packages|services)\//.test(path)
    ? path.split('/').slice(0, 2).join('/')
    : (path.split('/')[0] ?? '')

/** Returns the files outside of the service's folder that would still import from it, or list its package. */
function importers(project: Project, name: string, changes: Changes): string[] {
  const needs = new RegExp(`["']@sidecart/${name}(/[^"']*)?["']|["'](\\.\\./)+services/${name}/`)
  const textOf = (path: string) =>
    changes.has(path) ? changes.get(path) : readFileSync(join(project.root, path), 'utf8')
  return filesOutside(project, name)
    .filter((path) => /\.(ts|tsx|mjs)$|package\.json$/.test(path))
    .filter((path) => needs.test(textOf(path) ?? ''))
}

/** Writes the changes; the formatter joins what is left. */
function apply({ root }: Project, changes: Changes): void {
  for (const [path, text] of changes) {
    if (text === undefined) rmSync(join(root, path))
    else writeFileSync(join(root, path), text)
  }
  const code = [...changes].filter(
    ([path, text]) => text !== undefined && /\.(tsx?|json)$/.test(path),
  )
  if (code.length === 0) return
  const biome = join(root, 'node_modules/.bin/biome')
  if (!existsSync(biome)) return
  const paths = code.map(([path]) => path)
  const unused = ['lint', '--write', '--unsafe', '--only=correctness/noUnusedImports']
  for (const args of [unused, ['check', '--write']])
    execFileSync(biome, [...args, ...paths], { cwd: root, stdio: 'pipe' })
}
