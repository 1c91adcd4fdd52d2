import { join } from 'node:path'
import type { Resource } from '../../config/components/components.ts'
import { listeningPorts } from '../../config/ports.ts'
import type { Project } from '../../config/project.ts'
import { readSecrets, type Secrets } from '../../config/secrets.ts'
import type { Runtime } from '../../install/ensure.ts'
import { answers } from '../../process/start-process.ts'
import type { Server } from '../../servers/server.ts'
import { type ProcessSpec, stopGently } from '../process-spec.ts'

/** Inputs for starting a server. */
export type ServerOptions = {
  project: Project
  runtime: Runtime
  secrets: Secrets
  resources: readonly Resource[]
  /** True when sidecars use mTLS. */
  mtls: boolean
  /** True when spans are exported to the local trace viewer. */
  isObserved: boolean
}

/** Returns the data folder of a server. */
export const dirOf = (project: Project, name: string) => join(project.home, name)
export const logOf = (project: Project, name: string) => join(project.logs, `${name}.log`)

/** Returns the spec of a server without dependencies, stopped by SIGTERM, with overrides in `rest`. */
export function server(
  project: Project,
  name: string,
  ports: Record<string, number>,
  rest: Pick<ProcessSpec, 'start' | 'ready'> & Partial<ProcessSpec>,
): ProcessSpec {
  const logFile = logOf(project, name)
  return { name, role: 'backing', ports, logFile, after: [], stop: stopGently, ...rest }
}

export const answersHttp =
  (port: number, path = '/healthz') =>
  () =>
    answers(`http://127.0.0.1:${port}${path}`)

/** Returns the specs of the processes of a server. */
export function unitsOf(
  one: Server,
  { project, runtime, resources }: ServerOptions,
): ProcessSpec[] {
  const ports = listeningPorts(one)
  const { sidecarsReconnectForSeconds: seconds } = one
  const common = { ports, ...(seconds && { dependentsSurviveMs: 1_000 * seconds }) }
  const specs = one.processes({
    ...{ project, runtime, resources, ports },
    dir: dirOf(project, one.name),
    bin: join(project.root, '.sidecart/bin'),
    secrets: () => readSecrets(project),
    logOf: (name) => logOf(project, name),
    log: console.error,
  })
  return specs.map(({ name = one.name, start, ...rest }) => {
    const spec = { ...common, ...rest, start: async () => (await start()).proc }
    return server(project, name, spec.ports, spec)
  })
}
