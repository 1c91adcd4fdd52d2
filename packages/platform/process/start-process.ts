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

/** A program that answers. `stop` asks with SIGTERM and kills after 10 s. */
export type Started = { proc: Proc; pid: number; stop(): Promise<Stopped> }

type Readiness = {
  /** Ports that must be free before the start. */
  ports: readonly number[]
  ready: () => Promise<boolean>
  timeoutMs?: number
  stop?: (proc: Proc) => Promise<Stopped>
}

/**
 * Spawns a program and waits until `ready` answers true. Throws if a port is taken, and, after stopping it,
 * if it ends early or is not ready within `timeoutMs`: the error carries the last lines of its log.
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

/** True if an HTTP GET answers 2xx within a second. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

/** True if something accepts a TCP connection on 127.0.0.1 within a second. */
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

/** True if what is said first on a port of 127.0.0.1 gets the answer that is waited for within a second. */
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

// Only what this start wrote, and of that the end.
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
