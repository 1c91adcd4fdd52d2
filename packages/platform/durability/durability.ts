import { join } from 'node:path'
import { portsOf } from '../config/ports.ts'
import { type Project, UserError } from '../config/project.ts'
import { databases, readSecrets } from '../config/secrets.ts'
import { nats } from '../servers/nats.ts'
import { redis } from '../servers/redis.ts'
import { readState } from '../supervisor/state-file.ts'
import { jetStreamFaults, readJetStream } from './jetstream.ts'
import { postgresFaults, readPostgres } from './postgres.ts'
import { readRedis, redisFaults } from './redis.ts'

export type Diagnosis = { name: string; ok: boolean; detail: string }
type Examination = { name: string; means: string; faults(): Promise<string[]> }

/**
 * Checks that every running server with durable data writes to disk before acknowledging. Returns the findings.
 * @throws UserError when no server was started here
 */
export function durability(project: Project): Promise<Diagnosis[]> {
  const running = (readState(project)?.processes ?? []).map(({ name }) => name)
  const examined = running.flatMap((name) => examinations[name]?.(project) ?? [])
  if (examined.length === 0) throw new UserError('no servers are running: npm start')
  return Promise.all(examined.map(diagnose))
}

/** Checks by server name. A server without an entry holds no durable data. */
const examinations: Record<string, (project: Project) => Examination[]> = {
  postgres: (project) => {
    const secrets = readSecrets(project)
    return databases.map((name) => ({
      name: `database-${name}`,
      means: 'a commit is on the disk before it is answered',
      faults: async () => postgresFaults(await readPostgres(secrets[`${name}-database`] ?? '')),
    }))
  },
  nats: () => [
    {
      name: 'nats',
      means:
        'an event is on the disk before it is acknowledged, and every consumer keeps its place',
      faults: async () =>
        jetStreamFaults(await readJetStream(`http://127.0.0.1:${portsOf(nats).monitor}`)),
    },
  ],
  redis: ({ home }) => [
    {
      name: 'redis',
      means: 'a write is on the disk before it is acknowledged, and nothing is evicted',
      faults: async () =>
        redisFaults(await readRedis(portsOf(redis).client, join(home, 'redis/redis.conf'))),
    },
  ],
}

/** A server that cannot be reached is a finding as well. */
async function diagnose({ name, means, faults }: Examination): Promise<Diagnosis> {
  const found = await faults().catch((error: Error) => [`cannot be asked: ${error.message}`])
  return { name, ok: found.length === 0, detail: found.join('; ') || means }
}
