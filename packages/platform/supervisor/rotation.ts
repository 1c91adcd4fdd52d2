import { setTimeout as pause } from 'node:timers/promises'
import type { JWK } from 'jose'
import pg from 'pg'
import { z } from 'zod'
import { secretsFor } from '../config/app-secrets.ts'
import { readResources } from '../config/components.ts'
import { type AppConfig, readRunFile } from '../config/dapr-yaml.ts'
import { closeLogin, ensureDatabases, otherLogin, superuserOf } from '../config/databases.ts'
import { ensureAppTokens } from '../config/environment.ts'
import { ensureIdentities, retireIdentityKeys, schedulerId } from '../config/identities.ts'
import { type Project, UserError } from '../config/project.ts'
import { databases, random, readSecrets, signingKey, writeSecrets } from '../config/secrets.ts'
import { ensureProjectAuthority } from '../config/trust-anchors.ts'
import { changeNatsUsers, natsLogin } from './servers/nats.ts'
import { procOf, readState, supervisorOf } from './state-file.ts'
import { sendCommand } from './supervisor-client.ts'

type Print = (line: string) => void
export type Rotation = {
  name: string
  what: string
  rotate(project: Project, print: Print): Promise<void>
}

/** Secrets that `sidecart secrets rotate` can change while orders flow, in the order of `all`. */
export const rotations: readonly Rotation[] = [
  {
    name: 'apps',
    what: 'the two tokens between each app and its sidecar',
    async rotate(project, print) {
      for (const app of appsOf(project)) {
        ensureAppTokens(project, app, { rotate: true })
        await restart(project, [app], print)
      }
    },
  },
  {
    name: 'identities',
    what: 'the key that signs the identity of each sidecar, and the tokens that it signed',
    async rotate(project) {
      await ensureIdentities(project, [...appsOf(project), schedulerId], { rotate: true })
      // Sentry reads the new key without a restart; certificates signed before stay valid for their 24 hours.
      await pause(sentryReadsMs)
      retireIdentityKeys(project)
    },
  },
  {
    name: 'authority',
    what: 'the issuer with which sentry signs; its root stays',
    async rotate(project) {
      ensureProjectAuthority(project, { nothingRuns: false, renewIssuer: true })
    },
  },
  ...databases.map(
    (name): Rotation => ({
      name: `${name}-database`,
      what: `the login of the database ${name}`,
      rotate: (project, print) => rotateLogin(project, name, print),
    }),
  ),
  {
    name: 'broker-url',
    what: 'the login at NATS',
    rotate: rotateBroker,
  },
  {
    name: 'postgres-superuser',
    what: 'the password with which databases are set up',
    rotate: rotateSuperuser,
  },
  {
    name: 'provider-api-key',
    what: 'the key of the sandbox payment provider',
    async rotate(project, print) {
      if (usesAnotherProvider(project))
        throw new UserError('the provider makes its own key: put it into .sidecart/secrets.json')
      writeSecrets(project, { ...readSecrets(project), 'provider-api-key': random(24) })
      if (isSupervised(project)) await sendCommand(project, { do: 'restart', names: ['provider'] })
      await restart(project, appsWith(project, 'provider-api-key'), print)
    },
  },
]

const sentryReadsMs = 3_000

/** Rotates one secret. @throws UserError when running sidecars cannot be restarted from here */
export async function rotate(project: Project, name: string, print: Print): Promise<void> {
  const found = rotations.find((one) => one.name === name)
  if (!found)
    throw new UserError(
      `there is no ${name}: ${rotations.map((one) => one.name).join(', ')}, or all; the keys of access tokens: sidecart keys`,
    )
  print(`${name}: ${found.what}`)
  await found.rotate(project, print)
}

/** Replaces a login by a second one with a new password; closes the first after the apps have switched. */
async function rotateLogin(project: Project, name: string, print: Print): Promise<void> {
  const secrets = readSecrets(project)
  const key = `${name}-database`
  const before = secrets[key] ?? ''
  const url = new URL(before)
  url.username = otherLogin(name, before)
  url.password = random(24)
  const after = { ...secrets, [key]: url.href }
  if (!isRunning(project, 'postgres') && !process.env.SIDECART_POSTGRES_URL)
    throw new UserError('the database must run to change a password: ./sidecart backing start')
  await ensureDatabases(superuserOf(after), after)
  writeSecrets(project, after)
  await restart(project, appsWith(project, key), print)
  await closeLogin(superuserOf(after), new URL(before).username)
}

/** Replaces the broker user, as in `rotateLogin`. Connections of the old user end with its removal. */
async function rotateBroker(project: Project, print: Print): Promise<void> {
  const secrets = readSecrets(project)
  const url = new URL(secrets['broker-url'] ?? '')
  if (url.protocol !== 'nats:') throw new UserError('broker-url is not the login at NATS')
  url.username = url.username === 'sidecart' ? 'sidecart_2' : 'sidecart'
  url.password = random(24)
  const after = { ...secrets, 'broker-url': url.href }
  await changeNatsUsers(project, [natsLogin(after), natsLogin(secrets)])
  writeSecrets(project, after)
  await restart(project, appsWith(project, 'broker-url'), print)
  await changeNatsUsers(project, [natsLogin(after)])
}

async function rotateSuperuser(project: Project): Promise<void> {
  if (process.env.SIDECART_POSTGRES_URL)
    throw new UserError('the superuser of SIDECART_POSTGRES_URL is not ours to change')
  const before = readSecrets(project)
  const after = { ...before, 'postgres-superuser': random(24) }
  const client = new pg.Client({ connectionString: superuserOf(before) })
  await client.connect()
  try {
    const password = client.escapeLiteral(after['postgres-superuser'])
    await client.query('BEGIN')
    await client.query(`ALTER ROLE postgres PASSWORD ${password}`)
    writeSecrets(project, after)
    await client.query('COMMIT')
  } catch (error) {
    writeSecrets(project, before)
    throw error
  } finally {
    await client.end()
  }
}

const Key = z.looseObject({ kid: z.string(), since: z.string().optional() })
export type SigningKey = JWK & { kid: string; since?: string; until?: string }
/** `signing`: signs access tokens. `published`: only verifies tokens, and may have signed earlier ones. */
export type ListedKey = {
  kid: string
  state: 'signing' | 'published'
  since: string
  until: string
}

const keysOf = (project: Project): SigningKey[] =>
  z.array(Key).parse(JSON.parse(readSecrets(project)['jwt-keys'] ?? '[]')) as SigningKey[]

/** Returns the keys of access tokens, the signing key first. */
export function listKeys(project: Project): ListedKey[] {
  return keysOf(project).map(({ kid, since = '', until = '' }, index) => ({
    kid,
    state: index === 0 ? 'signing' : 'published',
    since,
    until,
  }))
}

/** Longer than the minute between two fetches of the published keys by verifiers. */
const verifiersKnowMs = 65_000
/** Lifetime of an access token (15 minutes) plus a minute for clock skew. */
const lastTokenMs = 16 * 60_000

/**
 * Creates a signing key. The key is published first and signs once every verifier has fetched the key, so no token is
 * rejected; tokens of the old key stay valid until the old key is retired.
 */
export async function rotateKeys(project: Project, print: Print): Promise<string> {
  const old = keysOf(project)
  const now = () => new Date().toISOString()
  const key = { ...(await signingKey()), since: now() } as SigningKey
  await takeKeys(project, [...old, key], print)
  if (isSupervised(project)) {
    print(`published ${key.kid}; it signs in ${verifiersKnowMs / 1000} s, when everybody knows it`)
    await pause(verifiersKnowMs)
  }
  const [signing, ...others] = old
  const ended = signing ? [{ ...signing, until: now() }] : []
  await takeKeys(project, [key, ...ended, ...others], print)
  return key.kid
}

/**
 * Removes keys that no longer sign: within a minute their tokens are rejected.
 * @throws UserError when a key signs, is unknown, or signed a token that may still be in use, unless `force`
 */
export async function retireKeys(
  project: Project,
  kid: string | undefined,
  { force = false, print }: { force?: boolean; print: Print },
): Promise<string[]> {
  const [signing, ...others] = keysOf(project)
  if (kid !== undefined && kid === signing?.kid)
    throw new UserError(`${kid} signs: sidecart keys rotate, then retire it`)
  const leaving = others.filter((key) => kid === undefined || key.kid === kid)
  if (leaving.length === 0)
    throw new UserError(
      kid ? `there is no key ${kid}: sidecart keys list` : 'no key waits to be retired',
    )
  const young = leaving.find(({ until }) => until && Date.now() - Date.parse(until) < lastTokenMs)
  if (young && !force)
    throw new UserError(
      `tokens that ${young.kid} signed are good until ${new Date(Date.parse(young.until ?? '') + lastTokenMs).toISOString()}; ` +
        '--force signs their owners out now',
    )
  const left = [signing, ...others].filter((key) => key && !leaving.includes(key)) as SigningKey[]
  await takeKeys(project, left, print)
  return leaving.map((key) => key.kid)
}

async function takeKeys(
  project: Project,
  keys: readonly SigningKey[],
  print: Print,
): Promise<void> {
  writeSecrets(project, { ...readSecrets(project), 'jwt-keys': JSON.stringify(keys) })
  await restart(project, appsWith(project, 'jwt-keys'), print)
}

/**
 * Restarts every instance of some apps in turn, each with its sidecar, because sidecars read secrets at their start
 * only.
 */
async function restart(project: Project, apps: readonly string[], print: Print): Promise<void> {
  const records = readState(project)?.processes ?? []
  const running = records.filter(({ role }) => role === 'app').map(({ name }) => name)
  for (const app of apps) {
    const instances = running.filter((name) => name.replace(/-\d+$/, '') === app)
    for (const name of instances) {
      await sendCommand(project, { do: 'restart', names: [name, `${name}-sidecar`] })
      print(`  restarted ${name} with its sidecar`)
    }
  }
  if (!isSupervised(project) && apps.length > 0)
    print(`  takes effect when ${apps.join(', ')} and its sidecar start again`)
}

const appConfigsOf = (project: Project): AppConfig[] => readRunFile(project.runFile)
const appsOf = (project: Project): string[] => [
  ...new Set(appConfigsOf(project).map(({ appId }) => appId)),
]

/** Returns the apps that may read a secret, or whose sidecar loads a component with the secret. */
function appsWith(project: Project, secret: string): string[] {
  const secrets = readSecrets(project)
  const needs = (appConfig: AppConfig) =>
    secret in secretsFor({ appConfig, resources: readResources(appConfig.resourcesPaths), secrets })
  return [
    ...new Set(
      appConfigsOf(project)
        .filter(needs)
        .map(({ appId }) => appId),
    ),
  ]
}

const isSupervised = (project: Project): boolean => supervisorOf(readState(project)) !== undefined

const isRunning = (project: Project, server: string): boolean =>
  (readState(project)?.processes ?? []).some((record) => record.name === server && procOf(record))

const usesAnotherProvider = (project: Project): boolean =>
  appConfigsOf(project).some(
    ({ env }) => env.PROVIDER_URL && !/127\.0\.0\.1/.test(env.PROVIDER_URL),
  )
