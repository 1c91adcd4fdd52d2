import { join } from 'node:path'
import { accepts } from '../../process/start-process.ts'
import {
  type Authority,
  authorityWarning,
  ensureAuthority,
  readAuthority,
} from '../../servers/authority.ts'
import type { AppConfig } from '../dapr-yaml.ts'
import type { Project } from '../project.ts'

type Options = { nothingRuns: boolean; renewIssuer?: boolean; dir?: string }

/** Creates or renews this checkout's certificate authority, as far as running sidecars allow. */
export function ensureProjectAuthority(
  project: Project,
  { dir = project.certificates, ...options }: Options,
): Authority {
  return ensureAuthority({ dir, rootKeyFile: join(project.identities, 'root.key'), ...options })
}

/** Returns true when any sidecar runs, including sidecars of `dapr run`, which leave no record here. */
export async function anySidecarRuns(appConfigs: readonly AppConfig[]): Promise<boolean> {
  const answers = await Promise.all(appConfigs.map(({ ports }) => accepts(ports.internal)))
  return answers.some(Boolean)
}

/** Returns the operator's next step for a certificate that expires soon. */
export function warningsOf(project: Project): string[] {
  const authority = readAuthority(project.certificates)
  const warning = authority && authorityWarning(authority)
  return warning ? [warning] : []
}
