import { portsOf } from '../config/ports.ts'
import { type Project, UserError } from '../config/project.ts'
import { databases, readSecrets } from '../config/secrets.ts'
import { servers } from '../servers/registry.ts'
import { readState } from '../supervisor/state-file.ts'
import { postgresFaults, readPostgres } from './postgres.ts'

export type Diagnosis = { name: string; ok: boolean; detail: string }
type Examination = { name: string; means: string; faults(): Promise<string[]> }

/**
 * Checks that every running server with durable data writes to disk before acknowledging. Returns the findings.
 * @throws UserError when no server was started here
 */
export function durability(project: Project): Promise<Diagnosis[]> {
  const running = (readState(project)?.processes ?? []).map(({ name }) => name)
  const examined = running.flatMap((name) => examinationsOf(project, name))
  if (examined.length === 0) throw new UserError('no servers are running: npm start')
  return Promise.all(examined.map(diagnose))
}

/** Returns the checks of a server, none when it claims nothing. */
function examinationsOf(project: Project, name: string): Examination[] {
  if (name === 'postgres') return examinationsOfDatabases(project)
  const server = servers.find((one) => one.name === name)
  if (!server?.durability) return []
  const { means, faults } = server.durability
  return [{ name, means, faults: () => faults(project, portsOf(server)) }]
}

function examinationsOfDatabases(project: Project): Examination[] {
  const secrets = readSecrets(project)
  return databases.map((name) => ({
    name: `database-${name}`,
    means: 'a commit is on the disk before it is answered',
    faults: async () => postgresFaults(await readPostgres(secrets[`${name}-database`] ?? '')),
  }))
}

/** A server that cannot be reached is a finding as well. */
async function diagnose({ name, means, faults }: Examination): Promise<Diagnosis> {
  const found = await faults().catch((error: Error) => [`cannot be asked: ${error.message}`])
  return { name, ok: found.length === 0, detail: found.join('; ') || means }
}
