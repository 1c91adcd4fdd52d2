import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import { z } from 'zod'
import { readIfThere, writeWhole } from './files.ts'
import { brokerPort, postgresPort } from './ports.ts'
import { Advice, type Project } from './project.ts'

/** Who owns a database, and so a role and a password: five services, and the state store. */
export const databases = [
  'users',
  'catalog',
  'orders',
  'payments',
  'notifications',
  'state',
] as const

const Secrets = z.record(z.string(), z.string())
export type Secrets = z.output<typeof Secrets>

/**
 * The secrets of this checkout, flat as the Dapr secret store wants them. What is missing is made up; what is there
 * stays. Connection strings follow the server (SIDECART_POSTGRES_URL, or the embedded one) and keep their passwords.
 */
export async function ensureSecrets(project: Project): Promise<Secrets> {
  const there = readSecrets(project)
  const server = process.env.SIDECART_POSTGRES_URL ?? `postgres://127.0.0.1:${postgresPort}`
  const wanted: Secrets = {
    ...Object.fromEntries(
      databases.map((name) => [
        `${name}-database`,
        connection(server, name, there[`${name}-database`]),
      ]),
    ),
    'broker-url': there['broker-url'] ?? `nats://sidecart:${random(24)}@127.0.0.1:${brokerPort}`,
    'jwt-keys': there['jwt-keys'] ?? JSON.stringify([await signingKey()]),
    'provider-api-key': there['provider-api-key'] ?? random(24),
    'demo-password': there['demo-password'] ?? random(9),
    'operator-password': there['operator-password'] ?? random(9),
    'postgres-superuser': there['postgres-superuser'] ?? random(24),
  }
  const all = { ...there, ...wanted }
  if (JSON.stringify(all) !== JSON.stringify(there))
    writeWhole(project.secretsFile, `${JSON.stringify(all, null, 2)}\n`)
  return all
}

export function readSecrets(project: Project): Secrets {
  const text = readIfThere(project.secretsFile)
  if (text === undefined) return {}
  try {
    return Secrets.parse(JSON.parse(text))
  } catch (error) {
    const advice = 'mend it, or remove it together with .sidecart/postgres to start empty'
    throw new Advice(`${project.secretsFile} is not a flat JSON object of strings: ${advice}`, {
      cause: error,
    })
  }
}

function connection(server: string, name: string, existing: string | undefined): string {
  const url = new URL(server)
  url.username = name
  url.password = existing ? new URL(existing).password : random(24)
  url.pathname = `/${name}`
  return url.href
}

async function signingKey(): Promise<object> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: random(9), alg: 'EdDSA', use: 'sig' }
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

export type Variables = Record<string, string>

/**
 * What sidecars and apps need from the environment, kept in `.sidecart/env`. Tokens are made once; the trust anchors
 * are there after the first start of Dapr's certificate authority.
 */
export function ensureVariables(
  project: Project,
  found: { runtimePath?: string | undefined } = {},
): Variables {
  const there = readVariables(project)
  const anchors = readIfThere(`${project.certificates}/ca.crt`)
  const wanted: Variables = {
    NAMESPACE: 'default',
    // Sidecars find each other by this address instead of one on the network.
    DAPR_HOST_IP: '127.0.0.1',
    DAPR_API_TOKEN: there.DAPR_API_TOKEN ?? random(24),
    APP_API_TOKEN: there.APP_API_TOKEN ?? random(24),
    ...(anchors && { DAPR_TRUST_ANCHORS: anchors.trim() }),
    ...(found.runtimePath && { DAPR_RUNTIME_PATH: found.runtimePath }),
  }
  const text = Object.entries(wanted).map(([name, value]) => `export ${name}='${value}'\n`)
  if (text.join('') !== readIfThere(project.envFile)) writeWhole(project.envFile, text.join(''))
  return wanted
}

function readVariables(project: Project): Variables {
  const text = readIfThere(project.envFile) ?? ''
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)='([^']*)'$/gm)].map(([, name, value]) => [name, value]),
  )
}
