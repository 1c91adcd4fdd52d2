import { join } from 'node:path'
import { setAmong } from '../config/components/component-sets.ts'
import type { Resource } from '../config/components/components.ts'
import { type AppConfig, appEnvironment, daprdArguments } from '../config/dapr-yaml.ts'
import { type AppTokens, ensureAppTokens, sidecarVariables } from '../config/environment.ts'
import { ensureIdentities } from '../config/identity/identities.ts'
import { gatewayApp } from '../config/instances.ts'
import { firstInstance, type Project } from '../config/project.ts'
import type { Secrets } from '../config/secrets.ts'
import { spawnDetached } from '../process/spawn.ts'
import { answers } from '../process/start-process.ts'
import { serversFor } from '../servers/registry.ts'
import { diagnoseSidecar } from './diagnosis/diagnose-sidecar.ts'
import { drainSidecar, type ProcessSpec, sidecarStaysSeconds, stopGently } from './process-spec.ts'

export type AppProcessesOptions = {
  project: Project
  appConfigs: readonly AppConfig[]
  daprd: string
  sentryAddress: string
  schedulerAddress: string
  /** Passed to sidecars whose secret store is their environment. */
  secrets: Secrets
  /** Components loaded by the sidecars. */
  resources: readonly Resource[]
  /** Units that must be ready before a sidecar starts. */
  after: readonly string[]
}

/** Returns two units per app config: app and sidecar. Both start at once: an app waits for its sidecar. */
export function appProcesses({
  project,
  appConfigs,
  ...options
}: AppProcessesOptions): ProcessSpec[] {
  return appConfigs.flatMap((appConfig) => [
    appUnit(project, appConfig),
    sidecarUnit(project, appConfig, options),
  ])
}

function appUnit(project: Project, appConfig: AppConfig): ProcessSpec {
  const [command = '', ...args] = appConfig.command
  const logFile = join(project.logs, `${appConfig.name}.log`)
  return {
    name: appConfig.name,
    role: 'app',
    ports: { app: appConfig.ports.app },
    logFile,
    after: [],
    start: async () =>
      spawnDetached({
        name: appConfig.name,
        command,
        args,
        cwd: appConfig.directory,
        env: {
          ...ensureAppTokens(project, appConfig.appId),
          ...appEnvironment(appConfig),
          ...(appConfig.appId === gatewayApp && { OPERATIONS_SOCKET: project.operationsSocket }),
        },
        logFile,
      }),
    ready: () => answers(`http://127.0.0.1:${appConfig.ports.app}/readyz`),
    stop: stopGently,
  }
}

function sidecarUnit(
  project: Project,
  appConfig: AppConfig,
  {
    daprd,
    sentryAddress,
    schedulerAddress,
    secrets,
    resources,
    after,
  }: Omit<AppProcessesOptions, 'project' | 'appConfigs'>,
): ProcessSpec {
  const { app: _, ...ports } = appConfig.ports
  const fromEnvironment = setAmong('secrets', appConfig.resourcesPaths) === 'env'
  const name = `${appConfig.name}-sidecar`
  const logFile = join(project.logs, `${name}.log`)
  return {
    name,
    role: 'sidecar',
    ports,
    logFile,
    after,
    start: async () => {
      await ensureIdentities(project, [appConfig.appId])
      return spawnDetached({
        name,
        command: daprd,
        args: [
          ...daprdArguments(appConfig, sentryAddress, schedulerAddress),
          '--dapr-block-shutdown-duration',
          `${sidecarStaysSeconds}s`,
        ],
        cwd: appConfig.directory,
        env: {
          ...sidecarVariables(project, appConfig.appId),
          POD_NAME: appConfig.name.slice(appConfig.appId.length + 1) || firstInstance,
          ...Object.assign({}, ...serversFor(resources).map((one) => one.sidecarEnv?.(project))),
          ...(fromEnvironment && secrets),
          ...appConfig.sidecarEnv,
        },
        logFile,
      })
    },
    ready: () => sidecarHealthy(ports.http, ensureAppTokens(project, appConfig.appId)),
    explain: (log) =>
      diagnoseSidecar(log, { resources, secrets, secretsFile: project.secretsFile }),
    drain: drainSidecar,
    stop: stopGently,
  }
}

/** Returns true for a 204 from daprd: components, app and scheduler are ready. */
export async function sidecarHealthy(
  port: number,
  { DAPR_API_TOKEN }: Pick<AppTokens, 'DAPR_API_TOKEN'>,
): Promise<boolean> {
  try {
    const headers = { 'dapr-api-token': DAPR_API_TOKEN }
    const response = await fetch(`http://127.0.0.1:${port}/v1.0/healthz`, {
      headers,
      signal: AbortSignal.timeout(1000),
    })
    return response.status === 204
  } catch {
    return false
  }
}
