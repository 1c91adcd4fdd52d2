import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Proc } from '../process/spawn.ts'
import { alive, send, stopProcess } from '../process/spawn.ts'
import type { Role } from './state-file.ts'

/** A process that can be started, checked and stopped: an app, its sidecar or a server. */
export type ProcessSpec = {
  name: string
  role: Role
  ports: Record<string, number>
  logFile: string
  /** Names of units that must be ready first. */
  after: readonly string[]
  /** Returns the process, or undefined for a server run by others. */
  start(): Promise<Proc | undefined>
  /** Prepares a running unit for its dependents, e.g. creates databases and streams. */
  prepare?(): Promise<void>
  ready(): Promise<boolean>
  /** Returns a reason when a ready process has stopped working and needs a restart; called every few seconds. */
  failing?(): Promise<string | undefined>
  /** Makes the process accept no new work before its dependents stop. Resolves when work under way is done. */
  drain?(proc: Proc): Promise<void>
  stop(proc: Proc): Promise<unknown>
  /** Returns, from the last log lines, why a restart would fail, and the next step. */
  explain?(log: readonly string[]): string | undefined
  /** Milliseconds that dependents survive without this unit; after a longer absence the dependents are restarted. */
  dependentsSurviveMs?: number
}

export type Crash = {
  type: 'crash'
  name: string
  role: Role
  /** Reason of a failed start; undefined after a successful one. */
  reason?: string
  /** The last lines of the log. */
  log: readonly string[]
  logFile: string
  inARow: number
  againInMs: number
}
export type SupervisorEvent =
  | { type: 'start' | 'stopped'; name: string; role: Role }
  | { type: 'ready'; name: string; role: Role; ms: number }
  /** The unit was never ready and cannot become ready; `reason` includes the next step. */
  | { type: 'hopeless'; name: string; role: Role; reason: string }
  /** A problem of this machine; the shop keeps running. */
  | { type: 'warning'; text: string }
  | Crash

/** Sends SIGTERM and leaves a service 20 s to finish its work. */
export const stopGently = (proc: Proc) => stopProcess(proc, { graceMs: 20_000 })

/** Seconds that a sidecar serves its app after the signal to stop. */
export const sidecarStaysSeconds = 20
/** Milliseconds for the app to process the event in hand and for the acknowledgement to reach the broker. */
const letGoMs = 500

/**
 * Ends a sidecar's subscriptions with the first signal: the app processes events under way and may use the sidecar
 * until the second signal.
 */
export async function drainSidecar(proc: Proc): Promise<void> {
  if (!alive(proc)) return
  send(proc.pid, 'SIGTERM')
  await pause(letGoMs)
}

/** Returns the last lines of a log. */
export function tail(logFile: string, lines = 15): string[] {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines)
  } catch {
    return []
  }
}
