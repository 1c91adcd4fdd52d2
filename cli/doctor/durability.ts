import { type Resource, uses } from '../components.ts'
import { brokerMonitorPort } from '../ports.ts'
import { databases, type Secrets } from '../secrets.ts'
import { jetStreamFaults, readJetStream } from './jetstream.ts'
import { postgresFaults, readPostgres } from './postgres.ts'

export type Diagnosis = { name: string; ok: boolean; detail: string }
type Examination = { name: string; says: string; faults(): Promise<string[]> }

/** Asks every server that holds something which must not be lost whether it puts it on the disk first. */
export function durability(secrets: Secrets, resources: readonly Resource[]): Promise<Diagnosis[]> {
  return Promise.all([...databaseExaminations(secrets), ...brokers(resources)].map(diagnose))
}

function databaseExaminations(secrets: Secrets): Examination[] {
  return databases.map((name) => ({
    name: `database-${name}`,
    says: 'a commit is on the disk before it is answered',
    faults: async () => postgresFaults(await readPostgres(secrets[`${name}-database`] ?? '')),
  }))
}

function brokers(resources: readonly Resource[]): Examination[] {
  const jetstream: Examination = {
    name: 'broker',
    says: 'a fact is on the disk before it is acknowledged, and every consumer keeps its place',
    faults: async () =>
      jetStreamFaults(await readJetStream(`http://127.0.0.1:${brokerMonitorPort}`)),
  }
  return uses('pubsub.jetstream', resources) ? [jetstream] : []
}

/** A server that cannot be asked is a fault as well. */
async function diagnose({ name, says, faults }: Examination): Promise<Diagnosis> {
  const found = await faults().catch((error: Error) => [`cannot be asked: ${error.message}`])
  return { name, ok: found.length === 0, detail: found.join('; ') || says }
}
