import { execFile, execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const linux = process.platform === 'linux'

/** A running program, safe to store as JSON and to stop from another process. `startMark` detects a reused pid. */
export type Proc = { name: string; pid: number; startMark: string }
export type Stopped = 'gone' | 'stopped' | 'killed'

export type SpawnOptions = {
  name: string
  command: string
  args?: readonly string[]
  env?: Record<string, string | undefined>
  cwd?: string
  logFile: string
  uid?: number
  gid?: number
}

/**
 * Starts a program that outlives this process. Appends its output to `logFile` and creates the file's folder. `env` is
 * added to this process's environment. Throws when the program cannot be started.
 */
export function spawnDetached({
  name,
  command,
  args = [],
  env,
  logFile,
  ...options
}: SpawnOptions): Proc {
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'a', 0o640)
  try {
    const start = () =>
      spawn(command, args, {
        ...options,
        env: { ...process.env, ...env },
        detached: true,
        stdio: ['ignore', log, log],
      })
    const child = withTimerSlack(start)
    child.on('error', () => {})
    child.unref()
    if (child.pid === undefined)
      throw new Error(`${name} cannot be started: ${command} is missing or not executable`)
    return { name, pid: child.pid, startMark: startMark(child.pid) ?? '' }
  } finally {
    closeSync(log)
  }
}

/**
 * Nanoseconds by which Linux may delay a timer of the programs started here. A Go program at work looks at itself every
 * 20 µs; with Linux's default, 50 µs, these wake-ups take a sixth of a sidecar's CPU and a quarter of the broker's.
 */
const timerSlackNs = '1000000'
/** Restores what this process was started with. */
const usualSlack = '0'

/** Runs `start`, whose program inherits the timer slack of this process. */
function withTimerSlack<T>(start: () => T): T {
  setTimerSlack(timerSlackNs)
  try {
    return start()
  } finally {
    setTimerSlack(usualSlack)
  }
}

function setTimerSlack(ns: string): void {
  try {
    if (linux) writeFileSync('/proc/self/timerslack_ns', ns)
  } catch {
    // a kernel or sandbox without the setting: programs run as usual
  }
}

/** Returns the record of a running program, or undefined for an unknown pid. */
export function procOf(name: string, pid: number): Proc | undefined {
  const mark = startMark(pid)
  return mark === undefined ? undefined : { name, pid, startMark: mark }
}

/** Returns true while the recorded program runs; false for a zombie or another program with the same pid. */
export function alive(proc: Proc): boolean {
  const mark = startMark(proc.pid)
  return mark !== undefined && mark === proc.startMark
}

/**
 * Sends `signal`, waits up to `graceMs`, then kills the program and its process group with SIGKILL. Returns the
 * outcome. Throws when the program belongs to another user or survives SIGKILL for 10 s.
 */
export async function stopProcess(
  proc: Proc,
  { signal = 'SIGTERM', graceMs = 10_000 }: { signal?: NodeJS.Signals; graceMs?: number } = {},
): Promise<Stopped> {
  if (!alive(proc)) return 'gone'
  send(proc.pid, signal)
  const gone = () => !alive(proc)
  if (await within(gone, graceMs)) return 'stopped'
  send(-proc.pid, 'SIGKILL')
  send(proc.pid, 'SIGKILL')
  await until(gone, { timeoutMs: 10_000, what: `the end of ${proc.name} (pid ${proc.pid})` })
  return 'killed'
}

/**
 * Calls `condition` every `everyMs` until the result is truthy, and returns the result. Throws `timed out after … ms
 * waiting for <what>` after `timeoutMs`; errors thrown by `condition` pass through.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  {
    timeoutMs,
    everyMs = 50,
    what = 'a condition',
  }: { timeoutMs: number; everyMs?: number; what?: string },
): Promise<Exclude<T, false | 0 | '' | null | undefined>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await condition()
    if (value) return value as Exclude<T, false | 0 | '' | null | undefined>
    if (performance.now() >= deadline)
      throw new Error(`timed out after ${timeoutMs} ms waiting for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

function within(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  return until(condition, { timeoutMs, everyMs: 20 }).catch(() => false)
}

/** Sends a signal to a process that may have ended already. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function startMark(pid: number): string | undefined {
  try {
    return linux ? linuxStartMark(pid) : psStartMark(pid)
  } catch {
    return undefined
  }
}

// The name in /proc/PID/stat may contain spaces and brackets: fields are counted after the last bracket.
function linuxStartMark(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, threads, startTime] = [fields[0], Number(fields[17]), fields[19]]
  // The first thread is a zombie while others still end and hold ports and files.
  const ended = state === 'X' || (state === 'Z' && threads <= 1)
  return ended ? undefined : `${bootId()}:${startTime}`
}

// Start times count from the boot: without the boot id, a stored mark could match another program after a reboot.
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
}

function psStartMark(pid: number): string | undefined {
  const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
  }).trim()
  const [state = '', ...started] = line.split(/\s+/)
  return line === '' || state.startsWith('Z') ? undefined : started.join(' ')
}

/** Runs a program to its end and returns both output streams. Throws on failure or time-out. */
export async function output(
  command: string,
  args: readonly string[],
  timeoutMs: number,
  options: { env?: NodeJS.ProcessEnv; cwd?: string; uid?: number; gid?: number } = {},
): Promise<string> {
  const { stdout, stderr } = await run(command, [...args], {
    timeout: timeoutMs,
    encoding: 'utf8',
    ...options,
  })
  return `${stdout}\n${stderr}`.trim()
}

export { portHolder } from './ports.ts'
