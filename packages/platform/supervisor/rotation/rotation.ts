import { setTimeout as pause } from 'node:timers/promises'
import type { JWK } from 'jose'
import pg from 'pg'
import { z } from 'zod'
import { secretsFor } from '../../config/app-secrets.ts'
import { readResources } from '../../config/components/components.ts'
import { type AppConfig, readRunFile } from '../../config/dapr-yaml.ts'
import { closeLogin, ensureDatabases, otherLogin } from '../../config/databases.ts'
import { ensureAppTokens } from '../../config/environment.ts'
import {
  ensureIdentities,
  retireIdentityKeys,
  schedulerId,
} from '../../config/identity/identities.ts'
import { ensureProjectAuthority } from '../../config/identity/trust-anchors.ts'
import { type Project, UserError } from '../../config/project.ts'
import {
  databases,
  random,
  readSecrets,
  type Secrets,
  signingKey,
  writeSecrets,
} from '../../config/secrets.ts'

export type Print = (line: string) => void

/** The way in which a shop runs, as far as a rotation has to know. */
export type Deployment = {
  project: Project
  print: Print
  /** Folder that sentry reads. */
  authority: string
  /** True when apps read their secrets already, so that a key must be known before it signs. */
  runs(): boolean
  /** False when the database server belongs to others, who change the password of its superuser themselves. */
  ownsSuperuser: boolean
  /** Returns the connection string of the superuser. @throws UserError when its server does not run */
  superuser(secrets: Secrets): string
  /** Gives each app and server its part of the secrets, after they were written. */
  distribute(): Promise<void>
  /** Starts apps again, one after another, each with its sidecar: sidecars read secrets at their start only. */
  restart(apps: readonly string[]): Promise<void>
  restartProvider(): Promise<void>
  /** Lets the running broker accept the logins of these secrets, and closes the connections of all others. */
  acceptAtBroker(secrets: readonly Secrets[]): Promise<void>
}

export type Rotation = {
  name: string
  what: string
  rotate(deployment: Deployment): Promise<void>
}

/** Secrets that can be replaced while orders flow, in the order of `all`. */
export const rotations: readonly Rotation[] = [
  {
    name: 'apps',
    what: 'the two tokens between each app and its sidecar',
    async rotate({ project, distribute, restart }) {
      for (const app of appsOf(project)) {
        ensureAppTokens(project, app, { rotate: true })
        await distribute()
        await restart([app])
      }
    },
  },
  {
    name: 'identities',
    what: 'the key that signs the identity of each sidecar, and the tokens that it signed',
    async rotate({ project, authority, distribute }) {
      const names = [...appsOf(project), schedulerId]
      await ensureIdentities(project, names, { authority, rotate: true })
      await distribute()
      // Sentry reads the new key without a restart; certificates signed before stay valid for their 24 hours.
      await pause(sentryReadsMs)
      retireIdentityKeys(project, authority)
    },
  },
  {
    name: 'authority',
    what: 'the issuer with which sentry signs; its root stays',
    async rotate({ project, authority }) {
      ensureProjectAuthority(project, { dir: authority, nothingRuns: false, renewIssuer: true })
    },
  },
  ...databases.map(
    (name): Rotation => ({
      name: `${name}-database`,
      what: `the login of the database ${name}`,
      rotate: (deployment) => rotateLogin(deployment, name),
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
    async rotate(deployment) {
      const { project, restartProvider } = deployment
      if (usesAnotherProvider(project))
        throw new UserError('the provider makes its own key: put it into .sidecart/secrets.json')
      await write(deployment, { ...readSecrets(project), 'provider-api-key': random(24) })
      await restartProvider()
      await restartWith(deployment, 'provider-api-key')
    },
  },
]

const sentryReadsMs = 3_000

/** Rotates one secret. @throws UserError when running sidecars cannot be restarted from here */
export async function rotate(deployment: Deployment, name: string): Promise<void> {
  const found = rotations.find((one) => one.name === name)
  if (!found)
    throw new UserError(
      `there is no ${name}: ${rotations.map((one) => one.name).join(', ')}, or all; the keys of access tokens: sidecart keys`,
    )
  deployment.print(`${name}: ${found.what}`)
  await found.rotate(deployment)
}

/** Returns the rotations of these names, all of them for `all`. */
export const namesOf = (names: readonly string[]): string[] =>
  names.flatMap((name) => (name === 'all' ? rotations.map((one) => one.name) : [name]))

/** Replaces a login by a second one with a new password; closes the first after the apps have switched. */
async function rotateLogin(deployment: Deployment, name: string): Promise<void> {
  const secrets = readSecrets(deployment.project)
  const key = `${name}-database`
  const before = secrets[key] ?? ''
  const url = new URL(before)
  url.username = otherLogin(name, before)
  url.password = random(24)
  const after = { ...secrets, [key]: url.href }
  const superuser = deployment.superuser(after)
  await ensureDatabases(superuser, after)
  await write(deployment, after)
  await restartWith(deployment, key)
  await closeLogin(superuser, new URL(before).username)
}

/** Replaces the broker user, as in `rotateLogin`. Connections of the old user end with its removal. */
async function rotateBroker(deployment: Deployment): Promise<void> {
  const secrets = readSecrets(deployment.project)
  const url = new URL(secrets['broker-url'] ?? '')
  if (url.protocol !== 'nats:') throw new UserError('broker-url is not the login at NATS')
  url.username = url.username === 'sidecart' ? 'sidecart_2' : 'sidecart'
  url.password = random(24)
  const after = { ...secrets, 'broker-url': url.href }
  await deployment.acceptAtBroker([after, secrets])
  await write(deployment, after)
  await restartWith(deployment, 'broker-url')
  await deployment.acceptAtBroker([after])
}

async function rotateSuperuser(deployment: Deployment): Promise<void> {
  if (!deployment.ownsSuperuser)
    throw new UserError('the superuser of SIDECART_POSTGRES_URL is not ours to change')
  const before = readSecrets(deployment.project)
  const after = { ...before, 'postgres-superuser': random(24) }
  const client = new pg.Client({ connectionString: deployment.superuser(before) })
  await client.connect()
  try {
    const password = client.escapeLiteral(after['postgres-superuser'])
    await client.query('BEGIN')
    await client.query(`ALTER ROLE postgres PASSWORD ${password}`)
    await write(deployment, after)
    await client.query('COMMIT')
  } catch (error) {
    await write(deployment, before)
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
export async function rotateKeys(deployment: Deployment): Promise<string> {
  const { project, print, runs } = deployment
  const old = keysOf(project)
  const now = () => new Date().toISOString()
  const key = { ...(await signingKey()), since: now() } as SigningKey
  await takeKeys(deployment, [...old, key])
  if (runs()) {
    print(`published ${key.kid}; it signs in ${verifiersKnowMs / 1000} s, when everybody knows it`)
    await pause(verifiersKnowMs)
  }
  const [signing, ...others] = old
  const ended = signing ? [{ ...signing, until: now() }] : []
  await takeKeys(deployment, [key, ...ended, ...others])
  return key.kid
}

/**
 * Removes keys that no longer sign: within a minute their tokens are rejected.
 * @throws UserError when a key signs, is unknown, or signed a token that may still be in use, unless `force`
 */
export async function retireKeys(
  deployment: Deployment,
  kid: string | undefined,
  { force = false }: { force?: boolean } = {},
): Promise<string[]> {
  const [signing, ...others] = keysOf(deployment.project)
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
  await takeKeys(deployment, left)
  return leaving.map((key) => key.kid)
}

async function takeKeys(deployment: Deployment, keys: readonly SigningKey[]): Promise<void> {
  const secrets = readSecrets(deployment.project)
  await write(deployment, { ...secrets, 'jwt-keys': JSON.stringify(keys) })
  await restartWith(deployment, 'jwt-keys')
}

async function write({ project, distribute }: Deployment, secrets: Secrets): Promise<void> {
  writeSecrets(project, secrets)
  await distribute()
}

const restartWith = ({ project, restart }: Deployment, secret: string): Promise<void> =>
  restart(appsWith(project, secret))

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

const usesAnotherProvider = (project: Project): boolean =>
  appConfigsOf(project).some(
    ({ env }) => env.PROVIDER_URL && !/127\.0\.0\.1/.test(env.PROVIDER_URL),
  )
