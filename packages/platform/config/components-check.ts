import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Resource } from './components.ts'
import { entriesOf } from './components.ts'
import { UserError } from './project.ts'

type Given = {
  resources: readonly Resource[]
  /** The apps of the run file. */
  apps: readonly string[]
  /** The names of the secrets that there are. */
  secrets: readonly string[]
  secretsFile: string
}

/** The fields of the component types that ship with this project, as Dapr's own metadata lists them. */
const fields: Record<string, string[]> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../install/dapr/component-fields.json'), 'utf8'),
)

/** Dapr ignores a field that it does not know, and waits for a component that is not there. @throws UserError naming every file, field and what it may be meant to be */
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
  // A set may be used where only some of its apps are.
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
  // A type that does not ship here is the operator's own business, unless it looks like one that does.
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

/** `; did you mean …?` when something known is one to three letters away. */
function meant(name: string, known: readonly string[]): string {
  const [best] = known
    .map((other) => ({ other, far: distance(name.toLowerCase(), other.toLowerCase()) }))
    .sort((a, b) => a.far - b.far)
  const near = best && best.far <= Math.min(3, Math.floor(name.length / 3))
  return near ? `; did you mean ${best.other}?` : ''
}

/** How many letters have to be added, removed or replaced (Levenshtein). */
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
