import { join } from 'node:path'
import type { Resource } from '../../config/components.ts'
import type { Project } from '../../config/project.ts'
import type { Secrets } from '../../config/secrets.ts'
import type { Runtime } from '../../install/ensure.ts'
import { answers } from '../../process/start-process.ts'
import { type ProcessSpec, stopGently } from '../process-spec.ts'

/** What a server is started with. */
export type ServerOptions = {
  project: Project
  runtime: Runtime
  secrets: Secrets
  resources: readonly Resource[]
  /** Whether sidecars show each other certificates. */
  mtls: boolean
}

/** Where a server keeps its data. */
export const dirOf = (project: Project, name: string) => join(project.home, name)
export const logOf = (project: Project, name: string) => join(project.logs, `${name}.log`)

/** A backing server that waits for nothing and is asked to stop politely, unless told otherwise. */
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
