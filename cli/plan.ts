import { ensureRuntime } from '../runtime/ensure.ts'
import { backingUnits, schedulerAddress, sentryAddress } from './backing.ts'
import { readResources } from './components.ts'
import { readRunFile } from './dapr-yaml.ts'
import { fleetUnits } from './fleet.ts'
import type { Project } from './project.ts'
import { ensureSecrets } from './secrets.ts'
import type { Unit } from './unit.ts'
import { ensureVariables } from './variables.ts'

export type Plan = { backing: Unit[]; fleet: Unit[] }

/** Everything that has to be on disk is put there, and what is to run is derived from dapr.yaml and its components. */
export async function planOf(project: Project): Promise<Plan> {
  const stanzas = readRunFile(project.runFile)
  const resources = readResources([
    ...new Set(stanzas.flatMap(({ resourcesPaths }) => resourcesPaths)),
  ])
  const runtime = await ensureRuntime({ project: project.root })
  const secrets = await ensureSecrets(project)
  ensureVariables(project, { runtimePath: runtime.daprRuntimePath })
  const backing = backingUnits({ project, runtime, secrets, resources })
  const after = backing
    .map(({ name }) => name)
    .filter((name) => ['sentry', 'nats', 'postgres'].includes(name))
  const daprd = runtime.parts.daprd.path
  return {
    backing,
    fleet: fleetUnits({ project, stanzas, daprd, sentryAddress, schedulerAddress, after }),
  }
}
