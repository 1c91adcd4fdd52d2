import { rmSync } from 'node:fs'
import { readIfThere, writeWhole } from '../config/files.ts'
import type { Project } from '../config/project.ts'
import { alive, type Proc } from '../process/spawn.ts'

export type Role = 'app' | 'sidecar' | 'backing'

/**
 * waiting for dependencies → starting → running → ready; pausing before a restart after a crash; stopped on request.
 */
export type Phase =
  | 'waiting'
  | 'starting'
  | 'running'
  | 'ready'
  | 'pausing'
  | 'stopping'
  | 'stopped'

export type ProcessRecord = {
  name: string
  role: Role
  phase: Phase
  /** Undefined while the process does not run. `startMark` detects a reused pid. */
  pid?: number
  startMark?: string
  startedAt?: string
  ports: Record<string, number>
  restarts: number
  logFile: string
}

/** `.sidecart/run/state.json`: the running processes. Without a supervisor, only servers were started. */
export type State = { supervisor?: Proc; processes: ProcessRecord[] }

export function readState(project: Project): State | undefined {
  const text = readIfThere(project.stateFile)
  return text === undefined ? undefined : (JSON.parse(text) as State)
}

export function writeState(project: Project, state: State): void {
  writeWhole(project.stateFile, `${JSON.stringify(state, null, 2)}\n`)
}

const retryEveryMs = 2_000

/**
 * Writes the state file, and continues without the file when writing fails, for instance on a full disk. Reports the
 * failure once and writes the latest state as soon as writing works again.
 */
export function createStateWriter(project: Project, warn: (text: string) => void) {
  let unwritten: State | undefined
  let timer: NodeJS.Timeout | undefined

  function write(state: State): void {
    try {
      writeState(project, state)
      if (unwritten) warn(`${project.stateFile} is written again`)
      unwritten = undefined
    } catch (error) {
      if (!unwritten)
        warn(
          `${(error as Error).message}: the shop runs on, and its state is not on disk until that works`,
        )
      unwritten = state
      timer ??= setInterval(() => unwritten && write(unwritten), retryEveryMs).unref()
    }
  }
  return { write, stop: () => clearInterval(timer) }
}

export function removeState(project: Project): void {
  rmSync(project.stateFile, { force: true })
  rmSync(project.socket, { force: true })
}

/** Returns the running supervisor. */
export function supervisorOf(state: State | undefined): Proc | undefined {
  return state?.supervisor && alive(state.supervisor) ? state.supervisor : undefined
}

/** Returns the recorded process if still running. */
export function procOf({ name, pid, startMark }: ProcessRecord): Proc | undefined {
  if (pid === undefined || startMark === undefined) return undefined
  const proc = { name, pid, startMark }
  return alive(proc) ? proc : undefined
}
