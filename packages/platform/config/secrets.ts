import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { z } from 'zod'
import { servers } from '../servers/registry.ts'
import { rememberedPorts } from './choose-ports.ts'
import { readIfThere, writeWhole } from './files.ts'
import { manifests } from './manifests.ts'
import { isServerPort, portsOf, postgresPort } from './ports.ts'
import { type Project, UserError } from './project.ts'

/** Owners of a database, each with a role and a password: services, and the state store. */
export const databases: readonly string[] = [
  ...manifests.filter(({ database }) => database).map(({ name }) => name),
  'state',
]

const Secrets = z.record(z.string(), z.string())
export type Secrets = z.output<typeof Secrets>

/** Secrets of this checkout, flat as required by the Dapr secret store; generated at the first start. */
export async function ensureSecrets(project: Project): Promise<Secrets> {
  const there = readSecrets(project)
  const server = process.env.SIDECART_POSTGRES_URL ?? `postgres://127.0.0.1:${postgresPort}`
  const all = await completed(onThesePorts(there, rememberedPorts(project)), server)
  if (JSON.stringify(all) !== JSON.stringify(there)) writeSecrets(project, all)
  return all
}

/** The servers of this shop whose addresses are secrets. */
const ownServers = servers.flatMap((server) =>
  Object.values(portsOf(server))
    .slice(0, 1)
    .map((port) => ({ name: server.address, port })),
)

/** Returns the secrets with this shop's own servers on its ports of today. A server elsewhere stays. */
export function onThesePorts(secrets: Secrets, before: number | undefined): Secrets {
  const moved = ownServers.flatMap(({ name, port }) => {
    const moved = secrets[name]?.replace(/(?<=[@/(,]|^)127\.0\.0\.1:(\d+)/, (address, found) =>
      isServerPort(Number(found), before) ? `127.0.0.1:${port}` : address,
    )
    return moved === undefined ? [] : [[name, moved]]
  })
  return { ...secrets, ...Object.fromEntries(moved) }
}

/** Generates missing secrets and keeps existing ones. Connection strings follow the server and keep their passwords. */
export async function completed(there: Secrets, server: string): Promise<Secrets> {
  const connections = databases.map((name) => {
    const key = `${name}-database`
    return [key, connection(server, name, there[key])]
  })
  const ofServices = manifests.flatMap(({ secrets = [] }) =>
    secrets.map((name) => [name, random(24)]),
  )
  return {
    ...Object.fromEntries(ofServices),
    ...Object.assign({}, ...servers.map((one) => one.secrets(portsOf(one), () => random(24)))),
    // relative to the folder of the service, the working directory of its sidecar
    'sqlite-file': '../../.sidecart/state.sqlite',
    'jwt-keys': JSON.stringify([await signingKey()]),
    'demo-password': random(16),
    'operator-password': random(16),
    'postgres-superuser': random(24),
    ...there,
    ...Object.fromEntries(connections),
  }
}

export function writeSecrets(project: Project, secrets: Secrets): void {
  writeWhole(project.secretsFile, `${JSON.stringify(secrets, null, 2)}\n`)
}

export function readSecrets(project: Project): Secrets {
  const text = readIfThere(project.secretsFile)
  if (text === undefined) return {}
  try {
    return Secrets.parse(JSON.parse(text))
  } catch (error) {
    const advice = 'mend it, or remove it together with .sidecart/postgres to start empty'
    throw new UserError(`${project.secretsFile} is not a flat JSON object of strings: ${advice}`, {
      cause: error,
    })
  }
}

function connection(server: string, name: string, existing: string | undefined): string {
  const url = new URL(server)
  const { username, password } = existing
    ? new URL(existing)
    : { username: name, password: random(24) }
  url.username = username
  url.password = password
  url.pathname = `/${name}`
  return url.href
}

/** Returns a new private EdDSA key with an id. */
export async function signingKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: random(9), alg: 'EdDSA', use: 'sig' }
}

export function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
