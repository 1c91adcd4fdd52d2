import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { messaging } from './brokers.ts'
import type { GeneratedFiles } from './generated-file.ts'

const files = ['components/*/*.yaml', 'deploy/dapr/*.yaml']
const generated = /^(metadata: \{ name: (\S+) \}\n)scopes: \[.*\] # generated$/gm

/** The apps that load each component, in the lines `scopes: […] # generated`. */
export function scopes({ root }: Project): GeneratedFiles {
  const paths = globSync(files, { cwd: root }).filter((path) =>
    readFileSync(join(root, path), 'utf8').includes(' # generated\n'),
  )
  return Object.fromEntries(
    paths.map((path) => [
      path,
      (before = '') =>
        before.replaceAll(
          generated,
          (_, name: string, component: string) =>
            `${name}scopes: [${appsWith(component).join(', ')}] # generated`,
        ),
    ]),
  )
}

/** Returns the apps that use a component. Without any scope, every app would load it: `nobody` is no app. */
function appsWith(component: string): string[] {
  const apps =
    component === 'pubsub'
      ? messaging
      : manifests.filter(({ components = [] }) => components.some((name) => name === component))
  return apps.length > 0 ? apps.map(({ name }) => name).sort() : ['nobody']
}
