import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Proc } from '../process/spawn.ts'
import { alive, send, stopProcess } from '../process/spawn.ts'
import type { Role } from './state-file.ts'

/** Something that can be started, asked and stopped: an app, its sidecar, a backing server. */
export type ProcessSpec = {
  name: string
  role: Role
  ports: Record<string, number>
  logFile: string
  /** The names of units that must be ready first. */
  after: readonly string[]
  /** Returns the process, or nothing for a server that somebody else runs. */
  start(): Promise<Proc | undefined>
  /** What must be true of a running unit before others may use it, e.g. databases and streams. */
  prepare?(): Promise<void>
  ready(): Promise<boolean>
  /** Why a process that is ready no longer works and a restart helps; asked every few seconds. */
  failing?(): Promise<string | undefined>
  /** Asks it to take no new work, before what it works for is stopped. Answers when what it had is done. */
  drain?(proc: Proc): Promise<void>
  stop(proc: Proc): Promise<unknown>
  /** From the last lines of its log: why starting it again will not help, and what will. */
  explain?(log: readonly string[]): string | undefined
  /** How long those that need this unit survive without it; they are started again when it was gone for longer. */
  dependentsSurviveMs?: number
}

export type Crash = {
  type: 'crash'
  name: string
  role: Role
  /** Why it could not start; missing when it had started. */
  reason?: string
  /** The last lines of its log. */
  log: readonly string[]
  logFile: string
  inARow: number
  againInMs: number
}
export type SupervisorEvent =
  | { type: 'start' | 'stopped'; name: string; role: Role }
  | { type: 'ready'; name: string; role: Role; ms: number }
  /** It never was ready and will not be: why, and what to do. */
  | { type: 'hopeless'; name: string; role: Role; reason: string }
  /** Something is wrong with this machine; the shop runs on. */
  | { type: 'warning'; text: string }
  | Crash

/** Asks politely for as long as a service may take to finish what it has. */
export const stopGently = (proc: Proc) => stopProcess(proc, { graceMs: 20_000 })

/** How long a sidecar goes on serving its app after it was told to stop. */
export const sidecarStaysSeconds = 20
/** Until its app has handled the event in its hands, and the broker knows. */
const letGoMs = 500

/** The first signal ends a sidecar's subscriptions: its app handles what was taken, and may use it until the second. */
export async function drainSidecar(proc: Proc): Promise<void> {
  if (!alive(proc)) return
  send(proc.pid, 'SIGTERM')
  await pause(letGoMs)
}

/** The last lines of a log. */
export function tail(logFile: string, lines = 15): string[] {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines)
  } catch {
    return []
  }
}
