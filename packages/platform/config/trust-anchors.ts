import { join } from 'node:path'
import { accepts } from '../process/start-process.ts'
import {
  type Authority,
  authorityWarning,
  ensureAuthority,
  readAuthority,
} from '../servers/authority.ts'
import type { AppConfig } from './dapr-yaml.ts'
import type { Project } from './project.ts'

type Options = { nothingRuns: boolean; renewIssuer?: boolean; dir?: string }

/** The certificate authority of this checkout, made or renewed as far as it may be now. */
export function ensureProjectAuthority(
  project: Project,
  { dir = project.certificates, ...options }: Options,
): Authority {
  return ensureAuthority({ dir, rootKeyFile: join(project.identities, 'root.key'), ...options })
}

/** Whether a sidecar runs, anyone who started it: `dapr run` leaves no record of them here. */
export async function anySidecarRuns(appConfigs: readonly AppConfig[]): Promise<boolean> {
  const answers = await Promise.all(appConfigs.map(({ ports }) => accepts(ports.internal)))
  return answers.some(Boolean)
}

/** What has to be done about a certificate that ends soon. */
export function warningsOf(project: Project): string[] {
  const authority = readAuthority(project.certificates)
  const warning = authority && authorityWarning(authority)
  return warning ? [warning] : []
}
