import { ensureRuntime } from '../runtime/ensure.ts'
import { type Servers, schedulerAddress, sentryAddress, serversOf } from './backing.ts'
import { readResources } from './components.ts'
import { readRunFile } from './dapr-yaml.ts'
import { fleetUnits } from './fleet.ts'
import type { Project } from './project.ts'
import { ensureSecrets } from './secrets.ts'
import { type Choice, withSets } from './sets.ts'
import type { Unit } from './unit.ts'
import { ensureVariables } from './variables.ts'

export type Plan = { servers: Servers; fleet: Unit[] }

/** These may come later than the sidecars, or go: everything else must be there before a sidecar starts. */
const notForSidecars = ['mail', 'provider', 'scheduler']

/**
 * Everything that has to be on disk is put there, and what is to run is derived from dapr.yaml and its components, with
 * the chosen sets in place of those that it names.
 */
export async function planOf(project: Project, choice: Choice): Promise<Plan> {
  const stanzas = withSets(project, readRunFile(project.runFile), choice)
  const resources = readResources([
    ...new Set(stanzas.flatMap(({ resourcesPaths }) => resourcesPaths)),
  ])
  const runtime = await ensureRuntime({ project: project.root })
  const secrets = await ensureSecrets(project)
  ensureVariables(project, { runtimePath: runtime.daprRuntimePath })
  const servers = serversOf({ project, runtime, secrets, resources })
  const after = servers.needed
    .map(({ name }) => name)
    .filter((name) => !notForSidecars.includes(name))
  const daprd = runtime.parts.daprd.path
  const addresses = { sentryAddress, schedulerAddress }
  return { servers, fleet: fleetUnits({ project, stanzas, daprd, ...addresses, secrets, after }) }
}
