import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../project.ts'
import type { Resource } from './components.ts'
import { entriesOf } from './components.ts'

type Given = {
  resources: readonly Resource[]
  /** App ids in the run file. */
  apps: readonly string[]
  /** Names of the existing secrets. */
  secrets: readonly string[]
  secretsFile: string
}

/** Fields of the component types shipped with this project, from Dapr's own metadata. */
const fields: Record<string, string[]> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../install/dapr/component-fields.json'), 'utf8'),
)

/**
 * Checks component files, because Dapr ignores unknown fields and waits for missing components.
 * @throws UserError naming every file, wrong field and closest known name
 */
export function checkComponents(given: Given): void {
  const faults = given.resources.flatMap((resource) =>
    faultsOf(resource, given).map(
      (fault) => `${resource.file}: ${resource.kind} ${resource.metadata.name}: ${fault}`,
    ),
  )
  if (faults.length > 0) throw new UserError(`${faults.join('\n')}\nMend this, then start again.`)
}

function faultsOf(resource: Resource, given: Given): string[] {
  const { kind, scopes } = resource
  // Some of a set's apps may be absent from the run file.
  const strangers = scopes
    .filter((app) => !given.apps.includes(app) && meant(app, given.apps) !== '')
    .map((app) => `scopes: there is no app ${app}${meant(app, given.apps)}`)
  if (kind === 'Component') return [...strangers, ...componentFaults(resource, given)]
  if (kind === 'Subscription') return [...strangers, ...subscriptionFaults(resource, given)]
  const kinds = ['Component', 'Subscription', 'Resiliency', 'Configuration', 'HTTPEndpoint']
  return kinds.includes(kind) ? strangers : [`kind: there is no ${kind}${meant(kind, kinds)}`]
}

function componentFaults(component: Resource, { secrets, secretsFile }: Given): string[] {
  const type = String(component.spec.type)
  const known = fields[type]
  const types = Object.keys(fields)
  // Component types that are not shipped here are not checked, unless the name resembles a shipped type.
  if (!known)
    return meant(type, types) ? [`spec.type: there is no ${type}${meant(type, types)}`] : []
  return entriesOf(component).flatMap(({ name, secretKeyRef: secret }) => [
    ...(known.some((field) => field.toLowerCase() === name.toLowerCase())
      ? []
      : [`spec.metadata: ${type} has no field ${name}${meant(name, known)}`]),
    ...(secret && !secrets.includes(secret.name)
      ? [
          `${name}: there is no secret ${secret.name} in ${secretsFile}${meant(secret.name, secrets)}`,
        ]
      : []),
  ])
}

function subscriptionFaults({ spec }: Resource, { resources }: Given): string[] {
  const components = resources
    .filter(({ kind }) => kind === 'Component')
    .map(({ metadata }) => metadata.name)
  const name = String(spec.pubsubname)
  return components.includes(name)
    ? []
    : [`spec.pubsubname: there is no component ${name}${meant(name, components)}`]
}

/** Returns `; did you mean …?` when a known name differs by one to three letters. */
function meant(name: string, known: readonly string[]): string {
  const [best] = known
    .map((other) => ({ other, far: distance(name.toLowerCase(), other.toLowerCase()) }))
    .sort((a, b) => a.far - b.far)
  const near = best && best.far <= Math.min(3, Math.floor(name.length / 3))
  return near ? `; did you mean ${best.other}?` : ''
}

/** Returns the Levenshtein distance: letters to add, remove or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries())
      next.push(
        Math.min(
          (next[j] ?? 0) + 1,
          (row[j + 1] ?? 0) + 1,
          (row[j] ?? 0) + (letter === other ? 0 : 1),
        ),
      )
    row = next
  }
  return row.at(-1) ?? 0
}
