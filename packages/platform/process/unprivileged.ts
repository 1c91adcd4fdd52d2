import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** The user that PostgreSQL runs as; empty when we are not root and run it as ourselves. */
export type User = { uid: number; gid: number } | Record<string, never>

/** Where root keeps what an unprivileged user must reach while the project lies in a closed folder. */
const openFolder = '/var/lib/sidecart'

/**
 * PostgreSQL refuses to run as root. Returns an existing `postgres` user, else a new system user of that name, else
 * `nobody`. Throws if there is none of them.
 */
export function unprivilegedUser(log: (line: string) => void): User {
  if (process.getuid?.() !== 0) return {}
  const found =
    userNamed('postgres') ??
    userNamed('_postgres') ??
    created('postgres', log) ??
    userNamed('nobody')
  if (!found)
    throw new Error(
      'PostgreSQL must not run as root, and there is no user postgres or nobody to run it as',
    )
  return found
}

function userNamed(name: string): User | undefined {
  const id = (flag: string) =>
    Number(
      execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )
  try {
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return undefined
  }
}

function created(name: string, log: (line: string) => void): User | undefined {
  const ways: [string, string[]][] = [
    [
      'useradd',
      ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name],
    ],
    ['adduser', ['-S', '-D', '-H', name]],
  ]
  const done = ways.some(
    ([command, args]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0,
  )
  if (done) log(`created the system user ${name}, because PostgreSQL does not run as root`)
  return done ? userNamed(name) : undefined
}

/** Whether `user` can enter a folder. */
function reaches(user: User, path: string): boolean {
  if (user.uid === undefined) return true
  return (
    spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', path], { ...user, cwd: '/', stdio: 'ignore' })
      .status === 0
  )
}

/**
 * `dir` with its parent created; if `user` cannot enter the parent, a folder of its own below /var/lib/sidecart instead, which
 * is written to `log` and to the file `<dir>.at`. The folder itself is not created. Where that file is missing, data there is
 * of a project that was deleted: it is moved to `<folder>-before`, in the place of what was moved there earlier.
 */
export async function reachableFolder(
  dir: string,
  user: User,
  log: (line: string) => void,
): Promise<string> {
  const parent = dirname(dir)
  await mkdir(parent, { recursive: true })
  if (reaches(user, parent)) return dir
  const key = createHash('sha256').update(dir).digest('hex').slice(0, 10)
  const folder = join(openFolder, key)
  const mark = `${dir}.at`
  if (existsSync(folder) && !existsSync(mark)) {
    await rm(`${folder}-before`, { recursive: true, force: true })
    await rename(folder, `${folder}-before`)
    log(`data of a project that was deleted here is kept in ${folder}-before`)
  }
  const instead = join(await open(folder), basename(dir))
  await writeFile(mark, `${instead}\n`)
  log(`the unprivileged user cannot enter ${parent}: the data is kept in ${instead}`)
  return instead
}

// Whatever root's umask is, others may pass through these two folders.
async function open(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (const path of [openFolder, folder]) await chmod(path, 0o755)
  return folder
}

/** A copy of the programs in `folder` that `user` can run, or `folder` itself if that is reachable. */
export async function runnableFolder(
  folder: string,
  version: string,
  user: User,
  log: (line: string) => void,
): Promise<string> {
  if (reaches(user, folder)) return folder
  const copy = join(await open(openFolder), `postgres-${version}`)
  if (existsSync(copy) && reaches(user, join(copy, 'bin'))) return copy
  log(`the unprivileged user cannot enter ${folder}: the programs are copied to ${copy}`)
  const half = `${copy}.${process.pid}`
  await rm(half, { recursive: true, force: true })
  await cp(folder, half, { recursive: true, verbatimSymlinks: true })
  // packages that were installed with umask 077 are closed to others
  execFileSync('chmod', ['-R', 'a+rX', half])
  await rm(copy, { recursive: true, force: true })
  await rename(half, copy)
  return copy
}

/** Makes `path` belong to `user`. */
export async function give(path: string, user: User): Promise<void> {
  if (user.uid !== undefined) await chown(path, user.uid, user.gid)
}
