import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Name of the user that runs PostgreSQL; empty unless this process is root. */
export type User = { uid: number; gid: number } | Record<string, never>

/** Root's folder for files that an unprivileged user must reach while the project lies in a closed folder. */
export const openFolder = '/var/lib/sidecart'

/**
 * Returns an existing `postgres` user, else a new system user of the same name, else `nobody`, because PostgreSQL
 * refuses to run as root. Throws when none is available.
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

/** Returns true when `user` can enter a folder. */
function reaches(user: User, path: string): boolean {
  if (user.uid === undefined) return true
  return (
    spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', path], { ...user, cwd: '/', stdio: 'ignore' })
      .status === 0
  )
}

/**
 * Returns `dir` with its parent created. If `user` cannot enter the parent, returns a folder below /var/lib/sidecart
 * instead and writes its path to `log` and to the file `<dir>.at`. The folder itself is not created. Without the `.at`
 * file, data found there belongs to a deleted project and is moved to `<folder>-before`, replacing data moved earlier.
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

// Other users may traverse these two folders, whatever root's umask.
async function open(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (const path of [openFolder, folder]) await chmod(path, 0o755)
  return folder
}

/** Returns a copy of the programs in `folder` that `user` can run, or `folder` itself if reachable. */
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
  // packages installed with umask 077 are closed to others
  execFileSync('chmod', ['-R', 'a+rX', half])
  await rm(copy, { recursive: true, force: true })
  await rename(half, copy)
  return copy
}

/** Makes `user` the owner of `path`. */
export async function give(path: string, user: User): Promise<void> {
  if (user.uid !== undefined) await chown(path, user.uid, user.gid)
}
