import { execFile } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { closeToOthers, parseJson, readIfThere } from '../config/files.ts'
import { type Project, UserError } from '../config/project.ts'
import { adoptPostgresData } from '../servers/postgres.ts'
import { runningOf } from '../supervisor/shop.ts'

const run = promisify(execFile)

/** Entries of `.sidecart/` that the next start writes again, or that belong to this machine. */
const notKept = [
  ...['bin', 'cache', 'conformance', 'crash', 'dapr', 'docker', 'logs', 'moved', 'no-demo'],
  ...['ports-from', 'restoring', 'run', 'runtime.json', 'sockets', 'tests'],
]

const label = 'backup.json'
const Label = z.object({ format: z.literal(1), made: z.iso.datetime() })

export type Backup = { file: string; bytes: number; made: string }

/**
 * Writes everything that the shop keeps (databases, broker, stores, provider, secrets, keys) to a compressed archive,
 * readable by this user alone. The shop must be stopped, so that all parts are of the same moment.
 * @throws UserError when a server runs, data is on another server, or the file exists; no file is then left
 */
export async function backup(project: Project, wanted: string): Promise<Backup> {
  const file = resolve(wanted)
  assertStopped(project)
  assertDataHere()
  const entries = kept(project.home)
  if (!entries.includes('secrets.json'))
    throw new UserError(`there is nothing to back up in ${project.home}: the shop never started`)
  if (existsSync(file)) throw new UserError(`${file} exists; name a file that does not`)
  if (file.startsWith(project.home + sep))
    throw new UserError(`a backup belongs outside ${project.home}, which it must outlive`)
  const half = `${file}.${process.pid}.new`
  const folder = mkdtempSync(join(tmpdir(), 'sidecart-backup-'))
  const made = new Date().toISOString()
  try {
    writeFileSync(join(folder, label), `${JSON.stringify({ format: 1, made })}\n`)
    writeFileSync(half, '', { mode: 0o600, flag: 'wx' })
    const sources = entries.flatMap((name) => sourceOf(project.home, name))
    await tar('-czf', half, '-C', folder, label, ...sources)
    assertStopped(project)
    renameSync(half, file)
  } finally {
    rmSync(half, { force: true })
    rmSync(folder, { recursive: true })
  }
  return { file, bytes: statSync(file).size, made }
}

/**
 * Reads such an archive wholly, then puts its content into a checkout that has no data yet.
 * @throws UserError when the archive is damaged or none of these, a server runs, or there is data; nothing is changed then
 */
export async function restore(project: Project, given: string): Promise<Backup> {
  const file = resolve(given)
  assertStopped(project)
  assertDataHere()
  const { made } = await readLabel(file)
  const there = kept(project.home)
  if (there.length > 0)
    throw new UserError(
      `${project.home} has data (${there.join(', ')}): move it away, then restore:\n  mv ${project.home} ${project.home}.before`,
    )
  closeToOthers(project.home)
  const folder = join(project.home, 'restoring')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { mode: 0o700 })
  await tar('-xpzf', file, '--no-same-owner', '-C', folder)
  for (const name of readdirSync(folder)) {
    if (name === label) continue
    if (name === 'postgres') await adoptPostgresData(join(folder, name), join(project.home, name))
    else renameSync(join(folder, name), join(project.home, name))
  }
  rmSync(folder, { recursive: true })
  chmodSync(project.secretsFile, 0o600)
  return { file, bytes: statSync(file).size, made }
}

/** Reads the archive to its end, which checks the sum of its content. Returns its label. */
async function readLabel(file: string): Promise<z.output<typeof Label>> {
  if (!existsSync(file)) throw new UserError(`there is no ${file}`)
  const damaged = `not a backup, or damaged; take another copy`
  const names = await tar('-tzf', file).catch(() => '')
  if (!names.split('\n').includes(label)) throw new UserError(`${file} is ${damaged}`)
  return parseJson(await tar('-xzOf', file, label), file, Label, damaged)
}

function assertStopped(project: Project): void {
  const [first] = runningOf(project).keys()
  if (first) throw new UserError(`${first} runs; stop the shop first: ./sidecart down`)
}

function assertDataHere(): void {
  if (process.env.SIDECART_POSTGRES_URL)
    throw new UserError(
      'the databases are on the server of SIDECART_POSTGRES_URL: back them up there (pg_dumpall), and .sidecart/secrets.json with them',
    )
}

/** Returns the entries of `.sidecart/` that belong to a backup. */
function kept(home: string): string[] {
  if (!existsSync(home)) return []
  const names = readdirSync(home).map((name) => name.replace(/\.at$/, ''))
  return [...new Set(names)].filter((name) => !notKept.includes(name)).sort()
}

/** Returns arguments for tar. `NAME.at` tells where data lies that another user must reach. */
function sourceOf(home: string, name: string): string[] {
  const elsewhere = readIfThere(join(home, `${name}.at`))?.trim()
  const path = elsewhere ?? join(home, name)
  return ['-C', dirname(path), basename(path)]
}

async function tar(...args: string[]): Promise<string> {
  try {
    return (await run('tar', args, { maxBuffer: 256 * 1024 * 1024 })).stdout
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new UserError(code === 'ENOENT' ? 'tar is not installed' : message)
  }
}
