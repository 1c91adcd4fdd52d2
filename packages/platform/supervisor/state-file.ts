import { rmSync } from 'node:fs'
import { z } from 'zod'
import { parseJson, readJson, writeWhole } from '../config/files.ts'
import type { Project } from '../config/project.ts'
import { alive, type Proc } from '../process/spawn.ts'

const Role = z.enum(['app', 'sidecar', 'backing'])
export type Role = z.infer<typeof Role>

/**
 * waiting for dependencies → starting → running → ready; pausing before a restart after a crash; stopped on request.
 */
const Phase = z.enum(['waiting', 'starting', 'running', 'ready', 'pausing', 'stopping', 'stopped'])
export type Phase = z.infer<typeof Phase>

const pid = z.int().min(1)
const ProcessRecord = z.object({
  name: z.string(),
  role: Role,
  phase: Phase,
  /** Undefined while the process does not run. `startMark` detects a reused pid. */
  pid: pid.exactOptional(),
  startMark: z.string().exactOptional(),
  startedAt: z.string().exactOptional(),
  ports: z.record(z.string(), z.int()),
  restarts: z.int(),
  logFile: z.string(),
})
export type ProcessRecord = z.infer<typeof ProcessRecord>

const State = z.object({
  supervisor: z.object({ name: z.string(), pid, startMark: z.string() }).exactOptional(),
  processes: z.array(ProcessRecord),
})
/** `.sidecart/run/state.json`: the running processes. Without a supervisor, only servers were started. */
export type State = z.infer<typeof State>

const advice = 'end the processes of this shop that still run, and remove the file'

/** @throws UserError when the file is damaged */
export const readState = (project: Project): State | undefined =>
  readJson(project.stateFile, State, advice)

/** @throws UserError when this is no text of a state file */
export const parseState = (text: string, file: string): State =>
  parseJson(text, file, State, advice)

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
