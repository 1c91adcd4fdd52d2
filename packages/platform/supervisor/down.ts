import type { Project } from '../config/project.ts'
import { alive, until } from '../process/spawn.ts'
import { stopPostgres } from '../servers/postgres.ts'
import { drainSidecar, stopGently } from './process-spec.ts'
import {
  type ProcessRecord,
  procOf,
  type Role,
  readState,
  removeState,
  supervisorOf,
} from './state-file.ts'
import { sendCommand } from './supervisor-client.ts'

/** Stops all recorded processes of the state file, and no others. Returns the number of stopped processes. */
export async function down(project: Project): Promise<number> {
  const state = readState(project)
  const supervisor = supervisorOf(state)
  const running = (state?.processes ?? []).filter(procOf)
  if (supervisor) {
    await sendCommand(project, { do: 'shutdown' })
    await until(() => !alive(supervisor), { timeoutMs: 10_000, what: 'the supervisor to end' })
  } else {
    await stopRecorded(running)
    removeState(project)
  }
  return running.length
}

/** Stops processes left by a supervisor that crashed. Returns their names. */
export async function stopLeftovers(project: Project): Promise<string[]> {
  const state = readState(project)
  if (!state?.supervisor || supervisorOf(state)) return []
  const left = state.processes.filter(procOf)
  await stopRecorded(left)
  removeState(project)
  return left.map(({ name }) => name)
}

export async function stopRecorded(records: readonly ProcessRecord[]): Promise<void> {
  const inTurn: readonly [Role, (name: string) => boolean][] = [
    ['app', () => true],
    ['sidecar', () => true],
    ['backing', (name) => name !== 'postgres'],
    ['backing', (name) => name === 'postgres'],
  ]
  await Promise.all(records.map(drain))
  for (const [role, named] of inTurn) {
    const turn = records.filter((record) => record.role === role && named(record.name))
    await Promise.all(turn.map(stopRecord))
  }
}

async function drain(record: ProcessRecord): Promise<void> {
  const proc = procOf(record)
  if (proc && record.role === 'sidecar') await drainSidecar(proc)
}

async function stopRecord(record: ProcessRecord): Promise<void> {
  const proc = procOf(record)
  if (proc) await (record.name === 'postgres' ? stopPostgres(proc) : stopGently(proc))
}
