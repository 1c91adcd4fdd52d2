import { globSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gatewayApp } from '@sidecart/platform/config/instances.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { type Project, UserError } from '@sidecart/platform/config/project.ts'
import { regenerate } from './regenerate.ts'
import { removeWorkspace } from './workspace.ts'

/**
 * Removes a service, its contract snapshots, and everything that was generated from its manifest. Returns the paths of
 * the written files.
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
  const files = importers(project, name)
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
  removeWorkspace(project, name)
  return ['package-lock.json', ...regenerate(project)]
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

/** Returns the files outside of the service's folder that import from it, or list its package. */
function importers({ root }: Project, name: string): string[] {
  const places = '{services,packages,tests,bench,deploy,web}/**/*.{ts,tsx,mjs,json}'
  const needs = new RegExp(`["']@sidecart/${name}(/[^"']*)?["']|["'](\\.\\./)+services/${name}/`)
  return globSync(places, { cwd: root, exclude: (path) => String(path).includes('node_modules') })
    .filter((path) => !path.startsWith(`services/${name}/`) && !path.startsWith(templates))
    .filter((path) => needs.test(readFileSync(join(root, path), 'utf8')))
    .sort()
}
