import { closeSync, fstatSync, mkdirSync, openSync, readSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { assertFree } from './ports.ts'
import {
  alive,
  type Proc,
  type SpawnOptions,
  type Stopped,
  spawnDetached,
  stopProcess,
  until,
} from './spawn.ts'

/** A ready program. `stop` sends SIGTERM and kills after 10 s. */
export type Started = { proc: Proc; pid: number; stop(): Promise<Stopped> }

type Readiness = {
  /** Ports that must be free before the start. */
  ports: readonly number[]
  ready: () => Promise<boolean>
  timeoutMs?: number
  stop?: (proc: Proc) => Promise<Stopped>
}

/**
 * Spawns a program and waits until `ready` returns true. Throws when a port is taken. Throws, after stopping the
 * program, when the program ends early or is not ready within `timeoutMs`; the error includes the last lines of the
 * log.
 */
export async function startAndWait(
  spawn: SpawnOptions,
  { ports, ready, timeoutMs = 30_000, stop = stopProcess }: Readiness,
): Promise<Started> {
  await assertFree(spawn.name, ports)
  mkdirSync(dirname(spawn.logFile), { recursive: true })
  const logStart = size(spawn.logFile)
  const proc = spawnDetached(spawn)
  try {
    await until(async () => (alive(proc) ? ready() : ended(spawn.name)), {
      timeoutMs,
      what: `${spawn.name} to answer`,
    })
  } catch (error) {
    await stop(proc)
    throw new Error(`${(error as Error).message}${tail(spawn.logFile, logStart)}`, { cause: error })
  }
  return { proc, pid: proc.pid, stop: () => stop(proc) }
}

/** Returns true for a 2xx response to an HTTP GET within a second. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

/** Returns true when 127.0.0.1 accepts a TCP connection on the port within a second. */
export function accepts(port: number, host = '127.0.0.1', timeout = 1000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout })
    const finish = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => finish(true))
    socket.on('error', () => finish(false))
    socket.on('timeout', () => finish(false))
  })
}

/** Returns true when a port of 127.0.0.1 answers the given first bytes as expected within a second. */
export function greets(
  port: number,
  first: Buffer,
  isAnswer: (data: Buffer) => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 })
    const finish = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => socket.write(first))
    socket.on('data', (data) => finish(isAnswer(data)))
    socket.on('close', () => finish(false))
    socket.on('error', () => finish(false))
    socket.on('timeout', () => finish(false))
  })
}

function ended(name: string): never {
  throw new Error(`${name} ended before it answered`)
}

function size(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

// Reads only the end of the output written by this start.
function tail(file: string, from: number): string {
  const log = openSync(file, 'r')
  try {
    const start = Math.max(from, fstatSync(log).size - 4000)
    const buffer = Buffer.alloc(4000)
    const text = buffer.toString('utf8', 0, readSync(log, buffer, 0, 4000, start)).trim()
    return text === ''
      ? `; ${file} is empty`
      : `; the end of ${file}:\n${text.split('\n').slice(-15).join('\n')}`
  } finally {
    closeSync(log)
  }
}
