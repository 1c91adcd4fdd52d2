import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export type PortHolder = { pid?: number; command: string }

/** Returns the process listening on a TCP port, or undefined. `pid` is missing for another user's process. */
export function portHolder(port: number): Promise<PortHolder | undefined> {
  return process.platform === 'linux' ? Promise.resolve(linuxHolder(port)) : lsofHolder(port)
}

/** Throws an error naming the holder when one of the ports is taken. */
export async function assertFree(name: string, ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const holder = await lastingHolder(port)
    if (holder)
      throw new Error(`${name} cannot start: port ${port} is held by ${described(holder)}`)
  }
}

/** A socket outlives its process for some milliseconds: until then no process holds it, like another user's. */
async function lastingHolder(port: number): Promise<PortHolder | undefined> {
  for (const deadline = Date.now() + 1_000; ; await pause(20)) {
    const holder = await portHolder(port)
    if (!holder || holder.pid !== undefined || Date.now() > deadline) return holder
  }
}

function described({ pid, command }: PortHolder): string {
  return pid === undefined ? command : `pid ${pid} (${command.slice(0, 160)})`
}

function linuxHolder(port: number): PortHolder | undefined {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listening(table, port)),
  )
  if (inodes.size === 0) return undefined
  const pid = processes().find((candidate) => holdsSocket(candidate, inodes))
  return pid === undefined
    ? { command: 'a process of another user' }
    : { pid, command: commandOf(pid) }
}

/** Returns the socket inodes in state LISTEN (0A) on `port`, from a table such as /proc/net/tcp. */
function listening(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  return read(table)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && fields[1]?.endsWith(`:${hexPort}`))
    .flatMap((fields) => fields[9] ?? [])
}

function processes(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => a - b)
}

const holdsSocket = (pid: number, inodes: ReadonlySet<string>): boolean =>
  socketsOf(pid).some((inode) => inodes.has(inode))

/**
 * Returns the inodes of the sockets that a process holds on Linux. Processes and descriptors come and go during the
 * search; a vanished one holds nothing.
 */
export function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => /^socket:\[(\d+)\]$/.exec(linkTarget(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
    )
  } catch {
    return []
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Returns the command line of a running process on Linux, empty after its end. */
export function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).split('\0').join(' ').trim()
}

async function lsofHolder(port: number): Promise<PortHolder | undefined> {
  const found = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fp']).catch(() => ({
    stdout: '',
  }))
  const pid = Number(/^p(\d+)$/m.exec(found.stdout)?.[1])
  if (!pid) return undefined
  const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }))
  return { pid, command: stdout.trim() }
}
