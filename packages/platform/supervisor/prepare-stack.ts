import { type Choice, withSets } from '../config/component-sets.ts'
import { readResources } from '../config/components.ts'
import { checkComponents } from '../config/components-check.ts'
import { readRunFile, type Stanza } from '../config/dapr-yaml.ts'
import { ensureAppTokens, ensureVariables } from '../config/environment.ts'
import { closeToOthers } from '../config/files.ts'
import { ensureIdentities, schedulerId } from '../config/identities.ts'
import { door, instancesOf, withInstances } from '../config/instances.ts'
import { draining, withoutSaying } from '../config/pause-publishing.ts'
import type { Project } from '../config/project.ts'
import { ensureSecrets } from '../config/secrets.ts'
import { anySidecarRuns, ensureProjectAuthority } from '../config/trust-anchors.ts'
import { ensureRuntime } from '../install/ensure.ts'
import { fleetUnits } from './apps.ts'
import { assertReachable } from './check-reachability.ts'
import { writeDaprdForRun } from './dapr-run.ts'
import type { Unit } from './process-spec.ts'
import { type Servers, schedulerAddress, sentryAddress, serversOf } from './servers.ts'

export type Plan = {
  servers: Servers
  fleet: Unit[]
  stanzas: Stanza[]
  /** Where clients find the instances of the door, when there is more than one. */
  front?: Front
  /** @throws Advice naming the servers of others that components name and that do not answer */
  assertReachable(): Promise<void>
}
export type Front = { port: number; units: readonly Unit[] }

/** These may come later than the sidecars, or go: everything else must be there before a sidecar starts. */
const notForSidecars = ['mail', 'provider', 'scheduler']

/**
 * Everything that has to be on disk is put there, and what is to run is derived from dapr.yaml and its components, with
 * the chosen sets in place of those that it names and as many instances as were asked for. `change` makes other
 * processes of a stanza than the one that it describes.
 */
export async function planOf(
  project: Project,
  choice: Choice,
  change: (stanza: Stanza) => Stanza[] = (stanza) => [stanza],
): Promise<Plan> {
  closeToOthers(project.home)
  const swapped = withSets(project, readRunFile(project.runFile), choice).flatMap(change)
  const once = process.env[draining] ? withoutSaying(project, swapped) : swapped
  const stanzas = withInstances(once, instancesOf(choice.instances))
  const resources = readResources([
    ...new Set(stanzas.flatMap(({ resourcesPaths }) => resourcesPaths)),
  ])
  const runtime = await ensureRuntime({ project: project.root })
  const secrets = await ensureSecrets(project)
  const apps = once.map(({ appId }) => appId)
  const { secretsFile } = project
  checkComponents({ resources, apps, secrets: Object.keys(secrets), secretsFile })
  if (stanzas.some((stanza) => stanza.mtls))
    ensureProjectAuthority(project, { nothingRuns: !(await anySidecarRuns(stanzas)) })
  ensureVariables(project)
  await ensureIdentities(project, [...apps, schedulerId])
  for (const app of apps) ensureAppTokens(project, app)
  writeDaprdForRun(project, runtime.parts.daprd.path)
  const mtls = stanzas.some((stanza) => stanza.mtls)
  const servers = serversOf({ project, runtime, secrets, resources, mtls })
  const after = servers.needed
    .map(({ name }) => name)
    .filter((name) => !notForSidecars.includes(name))
  const daprd = runtime.parts.daprd.path
  const addresses = { sentryAddress, schedulerAddress }
  const fleet = fleetUnits({
    project,
    stanzas,
    daprd,
    ...addresses,
    secrets,
    resources,
    after,
  })
  const front = stanzas.length > once.length && frontOf(once, stanzas, fleet)
  const ours = servers.all.flatMap(({ ports }) => Object.values(ports))
  return {
    servers,
    fleet,
    stanzas,
    ...(front && { front }),
    assertReachable: () => assertReachable(resources, { secrets, secretsFile }, ours),
  }
}

function frontOf(
  once: readonly Stanza[],
  stanzas: readonly Stanza[],
  fleet: readonly Unit[],
): Front | undefined {
  const port = once.find(({ appId }) => appId === door)?.ports.app
  const names = stanzas.filter(({ appId }) => appId === door).map(({ name }) => name)
  return port === undefined
    ? undefined
    : { port, units: fleet.filter(({ name }) => names.includes(name)) }
}
