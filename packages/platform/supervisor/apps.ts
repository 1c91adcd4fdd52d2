import { join } from 'node:path'
import { setAmong } from '../config/component-sets.ts'
import { type Resource, uses } from '../config/components.ts'
import { appEnvironment, daprdArguments, type Stanza } from '../config/dapr-yaml.ts'
import {
  type AppTokens,
  ensureAppTokens,
  firstInstance,
  sidecarVariables,
} from '../config/environment.ts'
import { ensureIdentities } from '../config/identities.ts'
import { door } from '../config/instances.ts'
import type { Project } from '../config/project.ts'
import type { Secrets } from '../config/secrets.ts'
import { spawnDetached } from '../process/spawn.ts'
import { answers } from '../process/start-process.ts'
import { explainSidecar } from './diagnose-sidecar.ts'
import { letSidecarGo, sidecarStaysSeconds, stopGently, type Unit } from './process-spec.ts'
import { socketsOf } from './servers/bullmq.ts'

export type FleetOptions = {
  project: Project
  stanzas: readonly Stanza[]
  daprd: string
  sentryAddress: string
  schedulerAddress: string
  /** Handed to sidecars whose secret store is their environment. */
  secrets: Secrets
  /** The components that they load. */
  resources: readonly Resource[]
  /** What sidecars need before they start. */
  after: readonly string[]
}

/** Two units for every stanza of dapr.yaml. Both start at once: an app waits for its sidecar by itself. */
export function fleetUnits({ project, stanzas, ...options }: FleetOptions): Unit[] {
  return stanzas.flatMap((stanza) => [
    appUnit(project, stanza),
    sidecarUnit(project, stanza, options),
  ])
}

function appUnit(project: Project, stanza: Stanza): Unit {
  const [command = '', ...args] = stanza.command
  const logFile = join(project.logs, `${stanza.name}.log`)
  return {
    name: stanza.name,
    role: 'app',
    ports: { app: stanza.ports.app },
    logFile,
    after: [],
    start: async () =>
      spawnDetached({
        name: stanza.name,
        command,
        args,
        cwd: stanza.directory,
        env: {
          ...ensureAppTokens(project, stanza.appId),
          ...appEnvironment(stanza),
          ...(stanza.appId === door && { OPERATIONS_SOCKET: project.deskSocket }),
        },
        logFile,
      }),
    ready: () => answers(`http://127.0.0.1:${stanza.ports.app}/readyz`),
    stop: stopGently,
  }
}

function sidecarUnit(
  project: Project,
  stanza: Stanza,
  {
    daprd,
    sentryAddress,
    schedulerAddress,
    secrets,
    resources,
    after,
  }: Omit<FleetOptions, 'project' | 'stanzas'>,
): Unit {
  const { app: _, ...ports } = stanza.ports
  const fromEnvironment = setAmong('secrets', stanza.resourcesPaths) === 'env'
  const name = `${stanza.name}-sidecar`
  const logFile = join(project.logs, `${name}.log`)
  return {
    name,
    role: 'sidecar',
    ports,
    logFile,
    after,
    start: async () => {
      await ensureIdentities(project, [stanza.appId])
      return spawnDetached({
        name,
        command: daprd,
        args: [
          ...daprdArguments(stanza, sentryAddress, schedulerAddress),
          '--dapr-block-shutdown-duration',
          `${sidecarStaysSeconds}s`,
        ],
        cwd: stanza.directory,
        env: {
          ...sidecarVariables(project, stanza.appId),
          POD_NAME: stanza.name.slice(stanza.appId.length + 1) || firstInstance,
          ...(uses('pubsub.bullmq', resources) && {
            DAPR_COMPONENTS_SOCKETS_FOLDER: socketsOf(project),
          }),
          ...(fromEnvironment && secrets),
        },
        logFile,
      })
    },
    ready: () => sidecarHealthy(ports.http, ensureAppTokens(project, stanza.appId)),
    explain: (log) => explainSidecar(log, { resources, secrets, secretsFile: project.secretsFile }),
    letGo: letSidecarGo,
    stop: stopGently,
  }
}

/** 204 from daprd: components, app and scheduler are there. */
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
