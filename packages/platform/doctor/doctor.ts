import { X509Certificate } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { readdirSync, statfsSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { entriesOf, type Resource, readResources } from '../config/components/components.ts'
import { checkComponents } from '../config/components/components-check.ts'
import { type AppConfig, readRunFile } from '../config/dapr-yaml.ts'
import { readIfThere } from '../config/files.ts'
import * as serverPorts from '../config/ports.ts'
import type { Project } from '../config/project.ts'
import { completed, readSecrets, type Secrets } from '../config/secrets.ts'
import { durability } from '../durability/durability.ts'
import { findPart } from '../install/find.ts'
import { partNames } from '../install/versions.ts'
import { nats } from '../servers/nats.ts'
import { servers } from '../servers/registry.ts'
import { assertReachable } from '../supervisor/diagnosis/check-reachability.ts'
import { type Status, statusOf } from '../supervisor/status.ts'

/** What one check found. `advice` is what an operator should do about it. */
export type Finding = { name: string; ok: boolean; detail: string; advice?: string }

export type DoctorOptions = {
  now?: number
  /** Bytes that are free on the disk of a folder. */
  freeBytes?: (folder: string) => number
}

const gigabyte = 1024 ** 3
/** Below this, servers begin to refuse writes within minutes of load. */
const leastFreeBytes = gigabyte
const day = 86_400_000
/** Certificates that end sooner are reported. */
const leastLifeMs = 14 * day
/** A file this much newer than the clock shows that the clock was set back. */
const skewMs = 5_000

/**
 * Examines the machine and this checkout: programs, ports, clock, disk, names, certificates, components, secrets and
 * reachable servers; of a running shop also each process and what survives a power cut. Changes nothing. A fault of one
 * check is its finding.
 */
export async function examine(project: Project, options: DoctorOptions = {}): Promise<Finding[]> {
  const { now = Date.now(), freeBytes = freeBytesOf } = options
  const status = await statusOf(project)
  const appConfigs = readRunFile(project.runFile)
  const secrets = () => readSecrets(project)
  const resources = () =>
    readResources([...new Set(appConfigs.flatMap(({ resourcesPaths }) => resourcesPaths))])
  const checks: Record<string, () => Finding[] | Promise<Finding[]>> = {
    programs: () => programs(project),
    ports: () => (status.running ? [] : ports(appConfigs)),
    clock: () => [clock(project, now)],
    disk: () => [disk(project, freeBytes)],
    names: () => names(project, status, now),
    certificates: () => certificates(project, now),
    components: () => [components(project, appConfigs, resources(), secrets())],
    secrets: () => secretsOf(project),
    reachability: async () => [await reachability(project, resources(), secrets())],
    processes: () => processes(status),
    durability: () => (status.running ? durability(project) : []),
  }
  // one after another: a check that keeps this process busy would make another's connection time out
  const findings: Finding[] = []
  for (const [name, check] of Object.entries(checks)) {
    try {
      findings.push(...(await check()))
    } catch (error) {
      findings.push({ name, ok: false, detail: (error as Error).message })
    }
  }
  return findings
}

function programs({ root }: Project): Promise<Finding[]> {
  const places = {
    home: process.env.DAPR_RUNTIME_PATH || homedir(),
    project: root,
    env: process.env,
  }
  return Promise.all(
    partNames.map(async (name) => {
      const found = await findPart(name, places)
      const detail =
        'path' in found
          ? `${found.version}, ${found.path}`
          : `${found.reasons.join('; ')}; npm start installs a fitting one`
      return { name: `program ${name}`, ok: true, detail }
    }),
  )
}

async function ports(appConfigs: readonly AppConfig[]): Promise<Finding[]> {
  const { postgresPort, portsOf, smtpPort, inboxPort, providerPort } = serverPorts
  const servers = {
    postgres: { port: postgresPort },
    nats: portsOf(nats),
    mail: { smtp: smtpPort, inbox: inboxPort },
    provider: { port: providerPort },
  }
  const wanted = [
    ...appConfigs.map(({ name, ports }) => ({ name, ports })),
    ...Object.entries(servers).map(([name, ports]) => ({ name, ports })),
  ]
  const held = (await serverPorts.portHolders(wanted)).map((line) => line.trim())
  return held.length === 0
    ? [{ name: 'ports', ok: true, detail: 'all are free' }]
    : held.map((detail) => ({
        ...{ name: 'ports', ok: false, detail },
        advice: 'stop the process that holds it',
      }))
}

function clock({ home }: Project, now: number): Finding {
  const times = filesIn(home).map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0)
  const ahead = Math.max(0, ...times) - now
  return ahead > skewMs
    ? {
        name: 'clock',
        ok: false,
        detail: `files of this shop are ${Math.round(ahead / 1_000)} s newer than the clock, which was set back`,
        advice: 'set the clock; tokens and certificates count from it',
      }
    : { name: 'clock', ok: true, detail: new Date(now).toISOString() }
}

const filesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => join(folder, name))
  } catch {
    return []
  }
}

function disk({ root }: Project, freeBytes: (folder: string) => number): Finding {
  const free = freeBytes(root)
  const detail = `${(free / gigabyte).toFixed(1)} GB are free`
  return free >= leastFreeBytes
    ? { name: 'disk', ok: true, detail }
    : { name: 'disk', ok: false, detail, advice: 'make room: orders are refused when it is full' }
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** Of a running shop, every sidecar must have a fresh entry in the file in which sidecars find each other. */
async function names(
  { home }: Project,
  { processes: all }: Status,
  now: number,
): Promise<Finding[]> {
  const addresses = await lookup('localhost', { all: true })
  const local = addresses.some(({ address }) => address === '127.0.0.1' || address === '::1')
  const localhost = {
    ...{ name: 'name localhost', ok: local },
    detail: addresses.map(({ address }) => address).join(', '),
    ...(!local && { advice: 'name 127.0.0.1 as localhost in /etc/hosts' }),
  }
  const sidecars = all.filter(({ role, ready }) => role === 'sidecar' && ready)
  if (sidecars.length === 0) return [localhost]
  const file = new DatabaseSync(join(home, 'names.sqlite'), { readOnly: true })
  try {
    const rows = file.prepare('select address, app_id, last_update from hosts').all()
    const late = sidecars.filter(({ ports }) => {
      const row = rows.find(({ address }) => String(address).endsWith(`:${ports.internal}`))
      return !row || now - Number(row.last_update) * 1_000 > 60_000
    })
    const detail =
      late.length === 0
        ? `${sidecars.length} sidecars are found`
        : `${late.map(({ name }) => name).join(', ')}: not found by other sidecars`
    const advice = late.map(({ name }) => `./sidecart restart ${name}`).join(', ')
    return [localhost, { name: 'names', ok: late.length === 0, detail, ...(advice && { advice }) }]
  } finally {
    file.close()
  }
}

function certificates({ certificates: folder }: Project, now: number): Finding[] {
  return ['ca.crt', 'issuer.crt'].flatMap((file) => {
    const text = readIfThere(join(folder, file))
    if (text === undefined) return []
    const { validFrom, validTo } = new X509Certificate(text)
    const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
    const ok = from <= now && to - now > leastLifeMs
    const detail = `good from ${validFrom} to ${validTo}`
    const advice = 'stop the shop and start it again: it is renewed then'
    return [{ name: `certificate ${file}`, ok, detail, ...(!ok && { advice }) }]
  })
}

function components(
  { secretsFile }: Project,
  appConfigs: readonly AppConfig[],
  resources: readonly Resource[],
  secrets: Secrets,
): Finding {
  const apps = appConfigs.map(({ appId }) => appId)
  // before the first start there are no secrets that a component could name
  const known = Object.keys(secrets).length > 0 ? Object.keys(secrets) : namesIn(resources)
  checkComponents({ resources, apps, secrets: known, secretsFile })
  return { name: 'components', ok: true, detail: `${resources.length} resources have no fault` }
}

const namesIn = (resources: readonly Resource[]): string[] =>
  resources
    .filter(({ kind }) => kind === 'Component')
    .flatMap(entriesOf)
    .flatMap(({ secretKeyRef }) => (secretKeyRef ? [secretKeyRef.name] : []))

async function secretsOf(project: Project): Promise<Finding[]> {
  const { secretsFile } = project
  const stat = statSync(secretsFile, { throwIfNoEntry: false })
  if (!stat)
    return [{ name: 'secrets', ok: true, detail: 'none yet: the first start makes them up' }]
  const there = readSecrets(project)
  const all = await completed(there, 'postgres://127.0.0.1')
  const missing = Object.keys(all).filter((name) => !(name in there))
  const open = (stat.mode & 0o077) !== 0
  return [
    {
      ...{ name: 'secrets', ok: !open },
      detail: open
        ? `${secretsFile} may be read by others`
        : `${Object.keys(there).length}, for this user only`,
      ...(open && { advice: `chmod 600 ${secretsFile}` }),
    },
    ...(missing.length > 0
      ? [
          {
            ...{ name: 'secrets', ok: false, detail: `missing: ${missing.join(', ')}` },
            advice: 'the next start makes them up; a restored database needs the old ones',
          },
        ]
      : []),
  ]
}

/** Connects to the servers that components name outside of this checkout. */
async function reachability(
  { secretsFile }: Project,
  resources: readonly Resource[],
  secrets: Secrets,
): Promise<Finding> {
  const fixed = Object.values(serverPorts).filter((port) => typeof port === 'number')
  const ours = [...fixed, ...servers.flatMap((one) => Object.values(serverPorts.portsOf(one)))]
  await assertReachable(resources, { secrets, secretsFile }, ours)
  return {
    name: 'reachability',
    ok: true,
    detail: 'every server that components name elsewhere answers',
  }
}

function processes({ running, processes: all }: Status): Finding[] {
  if (!running) return [{ name: 'processes', ok: true, detail: 'nothing is running: npm start' }]
  const bad = all.filter(({ ready }) => !ready)
  return bad.length === 0
    ? [{ name: 'processes', ok: true, detail: `${all.length} are ready` }]
    : bad.map(({ name, phase }) => ({
        ...{ name: `process ${name}`, ok: false, detail: `not ready (${phase})` },
        advice: `./sidecart logs ${name}; ./sidecart restart ${name}`,
      }))
}
