import { rememberPorts } from '../config/choose-ports.ts'
import { type ComponentSelection, withSets } from '../config/components/component-sets.ts'
import { readResources } from '../config/components/components.ts'
import { checkComponents } from '../config/components/components-check.ts'
import { draining, withoutPublishing } from '../config/components/pause-publishing.ts'
import { type AppConfig, readRunFile } from '../config/dapr-yaml.ts'
import { hasDemo, rememberDemo, withoutDemo } from '../config/demo.ts'
import { ensureAppTokens, ensureVariables } from '../config/environment.ts'
import { closeToOthers } from '../config/files.ts'
import { ensureIdentities, schedulerId } from '../config/identity/identities.ts'
import { anySidecarRuns, ensureProjectAuthority } from '../config/identity/trust-anchors.ts'
import { gatewayApp, withInstances } from '../config/instances.ts'
import { withMovedComponents } from '../config/moved-ports.ts'
import { portsFrom, schedulerAddress, sentryAddress } from '../config/ports.ts'
import type { Project } from '../config/project.ts'
import { ensureSecrets } from '../config/secrets.ts'
import { withTracing } from '../config/tracing.ts'
import { ensureRuntime } from '../install/ensure.ts'
import { appProcesses } from './apps.ts'
import { watchedBrokers, writeDaprdForRun } from './dapr-run.ts'
import { assertReachable } from './diagnosis/check-reachability.ts'
import type { ProcessSpec } from './process-spec.ts'
import { assertSamePorts } from './same-ports.ts'
import { type Servers, serversOf } from './servers.ts'

export type Stack = {
  servers: Servers
  fleet: ProcessSpec[]
  appConfigs: AppConfig[]
  /** Load balancer in front of several gateway instances. */
  front?: Front
  /** @throws UserError naming external servers of components that do not answer */
  assertReachable(): Promise<void>
}
export type Front = { port: number; units: readonly ProcessSpec[] }

/** Servers that may start after the sidecars or stop; all others must be ready before a sidecar starts. */
const notForSidecars = ['mail', 'provider', 'scheduler', 'zipkin']

/**
 * Prepares the local stack: installs programs, writes secrets, validates components, and returns the processes of
 * dapr.yaml with the chosen sets and numbers of instances. `change` may replace an app config.
 */
export async function prepareStack(
  project: Project,
  choice: ComponentSelection,
  change: (appConfig: AppConfig) => AppConfig[] = (appConfig) => [appConfig],
): Promise<Stack> {
  closeToOthers(project.home)
  assertSamePorts(project)
  const given = readRunFile(project.runFile)
  rememberDemo(project)
  const asked = hasDemo(project) ? given : withoutDemo(given)
  const swapped = withSets(project, asked, choice).flatMap(change)
  const quiet = process.env[draining] ? withoutPublishing(project, swapped) : swapped
  const traced = choice.observe ? withTracing(project, quiet) : quiet
  const once = withMovedComponents(project, traced)
  const appConfigs = withInstances(once, choice)
  const resources = readResources([
    ...new Set(appConfigs.flatMap(({ resourcesPaths }) => resourcesPaths)),
  ])
  const runtime = await ensureRuntime({ project: project.root })
  const secrets = await ensureSecrets(project)
  rememberPorts(project, portsFrom)
  const apps = once.map(({ appId }) => appId)
  const { secretsFile } = project
  checkComponents({ resources, apps, secrets: Object.keys(secrets), secretsFile })
  if (appConfigs.some((appConfig) => appConfig.mtls))
    ensureProjectAuthority(project, { nothingRuns: !(await anySidecarRuns(appConfigs)) })
  ensureVariables(project)
  await ensureIdentities(project, [...apps, schedulerId])
  for (const app of apps) ensureAppTokens(project, app)
  const brokers = watchedBrokers(apps, resources, secrets)
  writeDaprdForRun(project, runtime.parts.daprd.path, brokers)
  const mtls = appConfigs.some((appConfig) => appConfig.mtls)
  const servers = serversOf({
    ...{ project, runtime, secrets, resources, mtls },
    isObserved: choice.observe === true,
  })
  const after = servers.needed
    .map(({ name }) => name)
    .filter((name) => !notForSidecars.includes(name))
  const daprd = runtime.parts.daprd.path
  const addresses = { sentryAddress, schedulerAddress }
  const fleet = appProcesses({
    project,
    appConfigs,
    daprd,
    ...addresses,
    secrets,
    resources,
    after,
  })
  const front = frontOf(once, appConfigs, fleet)
  const ours = servers.all.flatMap(({ ports }) => Object.values(ports))
  return {
    servers,
    fleet,
    appConfigs,
    ...(front && { front }),
    assertReachable: () => assertReachable(resources, { secrets, secretsFile }, ours),
  }
}

function frontOf(
  once: readonly AppConfig[],
  appConfigs: readonly AppConfig[],
  fleet: readonly ProcessSpec[],
): Front | undefined {
  const port = once.find(({ appId }) => appId === gatewayApp)?.ports.app
  const names = appConfigs.filter(({ appId }) => appId === gatewayApp).map(({ name }) => name)
  return port === undefined || names.length === 1
    ? undefined
    : { port, units: fleet.filter(({ name }) => names.includes(name)) }
}
