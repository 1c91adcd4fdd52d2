import { isIP } from 'node:net'
import { accepts } from '../runtime/started.ts'
import type { Resource } from './components.ts'
import { Advice } from './project.ts'
import type { Secrets } from './secrets.ts'

/** A field of a component, with its value or the name of a secret. */
export type Entry = { name: string; value?: unknown; secretKeyRef?: { name: string } }

export const entriesOf = ({ spec }: Resource): Entry[] => (spec.metadata ?? []) as Entry[]

type Address = { host: string; port: number }
export type Known = { secrets: Secrets; secretsFile: string }

const address = /(?<=^|[@/(,])([a-z0-9][\w.-]*):(\d{1,5})(?=$|[/)?,])/gi

/** The servers that a field names, as in `10.0.0.7:9092,10.0.0.8:9092` or `amqp://user:password@10.0.0.7:5672/`. */
export function addressesIn({ value, secretKeyRef }: Entry, secrets: Secrets): Address[] {
  const text = String((secretKeyRef ? secrets[secretKeyRef.name] : value) ?? '')
  return [...text.matchAll(address)].map(([, host = '', port]) => ({ host, port: Number(port) }))
}

/** What says where the server is and who asks. */
const telling = /host|url|broker|connection|user|password/i

/** The fields to look at when a server does not answer or lets nobody in, and where their values stand. */
export function fieldsToMend(component: Resource, secretsFile: string): string {
  const entries = entriesOf(component)
  const secret = entries.flatMap(({ name, secretKeyRef }) =>
    secretKeyRef ? [`${name} (secret ${secretKeyRef.name})`] : [],
  )
  const literal = entries.filter((one) => !one.secretKeyRef && telling.test(one.name))
  const places = [
    literal.length > 0 && `${literal.map(({ name }) => name).join(', ')} in ${component.file}`,
    secret.length > 0 && `${secret.join(', ')} in ${secretsFile}`,
  ]
  return places.filter(Boolean).join('; ')
}

const patienceMs = 3_000

/**
 * Looks for the servers that components name and that are not `ours` to start, so that one that is missing is told at
 * once and not when some sidecar has given up. @throws Advice naming each file, field and address
 */
export async function assertReachable(
  resources: readonly Resource[],
  { secrets, secretsFile }: Known,
  ours: readonly number[],
): Promise<void> {
  const isOurs = ({ host, port }: Address) =>
    (host === 'localhost' || (isIP(host) > 0 && host.startsWith('127.'))) && ours.includes(port)
  const looks = resources
    .filter(({ kind }) => kind === 'Component')
    .flatMap((component) => entriesOf(component).map((entry) => look(component, entry)))

  async function look(component: Resource, entry: Entry): Promise<string[]> {
    const named = addressesIn(entry, secrets)
    if (named.length === 0 || named.some(isOurs)) return []
    const answers = await Promise.all(
      named.map(({ host, port }) => accepts(port, host, patienceMs)),
    )
    if (answers.includes(true)) return []
    const where = named.map(({ host, port }) => `${host}:${port}`).join(', ')
    const about = `${component.file}: component ${component.metadata.name} (${component.spec.type})`
    return [
      `${about}: no server answers at ${where}.\n  Start it, or correct ${fieldsToMend(component, secretsFile)}.`,
    ]
  }

  const faults = (await Promise.all(looks)).flat()
  const more = faults.length > 3 ? `\n… and ${faults.length - 3} more components` : ''
  if (faults.length > 0) throw new Advice(faults.slice(0, 3).join('\n') + more)
}
