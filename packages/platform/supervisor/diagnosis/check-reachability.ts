import { isIP } from 'node:net'
import {
  type Entry,
  entriesOf,
  firstOf,
  type Resource,
  titleOf,
} from '../../config/components/components.ts'
import { UserError } from '../../config/project.ts'
import type { Secrets } from '../../config/secrets.ts'
import { accepts } from '../../process/start-process.ts'

type Address = { host: string; port: number }
type Login = { user: string; password: string }
export type ReachabilityContext = { secrets: Secrets; secretsFile: string }

const address = /(?<=^|[@/(,])([a-z0-9][\w.-]*):(\d{1,5})(?=$|[/)?,])/gi

const textOf = ({ value, secretKeyRef }: Entry, secrets: Secrets): string =>
  String((secretKeyRef ? secrets[secretKeyRef.name] : value) ?? '')

/**
 * Returns the servers named in a field, as in `10.0.0.7:9092,10.0.0.8:9092` or `amqp://user:password@10.0.0.7:5672/`.
 */
export function addressesIn(entry: Entry, secrets: Secrets): Address[] {
  const found = textOf(entry, secrets).matchAll(address)
  return [...found].map(([, host = '', port]) => ({ host, port: Number(port) }))
}

/** Names of fields with a server's address or a login. */
const telling = /host|url|broker|connection|user|password/i

/**
 * Returns the fields to correct when a server does not answer or rejects the login, and the files with their values.
 */
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
const inUrl = /^(?:\w+:\/\/)?([^:/@]+):(.+)@/

type Field = readonly [name: string, text: string]

/** Returns the login in a connection string, or in separate user and password fields. */
function loginIn(fields: readonly Field[]): Login | undefined {
  const texts = fields.map(([, text]) => text)
  const [, ...parts] = firstOf(inUrl, texts)
  const like = (name: RegExp) => fields.find(([field]) => name.test(field))?.[1]
  const [user = like(/user(name)?$/i), password = like(/password$/i)] = parts
  return user && password ? { user, password } : undefined
}

/**
 * Returns the logins of this checkout's server at a port, from a connection string or from several `redis-…` secrets.
 */
function loginsAt(port: number, secrets: Secrets): Login[] {
  const all = Object.entries(secrets)
  const isThere = (value: string) =>
    addressesIn({ name: '', value }, {}).some((one) => one.port === port)
  return all
    .filter(([, value]) => isThere(value))
    .flatMap(([name, value]) => {
      const [family = ''] = name.split('-', 1)
      const others = all.filter(([other]) => other.startsWith(`${family}-`))
      return loginIn([[name, value]]) ?? loginIn(others) ?? []
    })
}

/** Returns a component's login when the server knows its user but not its password. */
function wrongLogin(component: Resource, { port }: Address, secrets: Secrets): Login | undefined {
  const asked = loginIn(entriesOf(component).map((one): Field => [one.name, textOf(one, secrets)]))
  const known = loginsAt(port, secrets).filter(({ user }) => user === asked?.user)
  const fits = known.some(({ password }) => password === asked?.password)
  return known.length === 0 || fits ? undefined : asked
}

/**
 * Connects to servers named by components and not in `ours`, and compares passwords for servers in `ours`. Missing
 * servers and wrong passwords are reported at once, before a sidecar gives up.
 *
 * @throws UserError naming each file, field and address
 */
export async function assertReachable(
  resources: readonly Resource[],
  { secrets, secretsFile }: ReachabilityContext,
  ours: readonly number[],
): Promise<void> {
  const isOurs = ({ host, port }: Address) =>
    (host === 'localhost' || (isIP(host) > 0 && host.startsWith('127.'))) && ours.includes(port)
  const looks = resources
    .filter(({ kind }) => kind === 'Component')
    .flatMap((component) => entriesOf(component).map((entry) => look(component, entry)))

  async function look(component: Resource, entry: Entry): Promise<string[]> {
    const named = addressesIn(entry, secrets)
    const about = titleOf(component)
    const toMend = fieldsToMend(component, secretsFile)
    const own = named.find(isOurs)
    const wrong = own && wrongLogin(component, own, secrets)
    if (wrong)
      return [
        `${about}: the server at ${own.host}:${own.port} has another password for ${wrong.user}, which is in ${secretsFile}.\n  Correct ${toMend}.`,
      ]
    if (named.length === 0 || own) return []
    const answers = await Promise.all(
      named.map(({ host, port }) => accepts(port, host, patienceMs)),
    )
    if (answers.includes(true)) return []
    const where = named.map(({ host, port }) => `${host}:${port}`).join(', ')
    return [`${about}: no server answers at ${where}.\n  Start it, or correct ${toMend}.`]
  }

  const faults = (await Promise.all(looks)).flat()
  const more = faults.length > 3 ? `\n… and ${faults.length - 3} more components` : ''
  if (faults.length > 0) throw new UserError(faults.slice(0, 3).join('\n') + more)
}
