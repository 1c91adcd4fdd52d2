import { existsSync, renameSync } from 'node:fs'
import { assertPortsFree } from '../config/ports.ts'
import { type Project, UserError } from '../config/project.ts'
import { procOf as runningProc } from '../process/spawn.ts'
import { rotateLogs } from './logs/rotate-logs.ts'
import { openLoadBalancer } from './network/tcp-load-balancer.ts'
import type { Front } from './prepare-stack.ts'
import type { ProcessSpec, SupervisorEvent } from './process-spec.ts'
import {
  createStateWriter,
  type ProcessRecord,
  procOf,
  readState,
  removeState,
  supervisorOf,
} from './state-file.ts'
import { createSupervisor, type Supervisor } from './supervisor.ts'
import { type Command, serveCommands } from './supervisor-client.ts'

export type Shop = {
  /** Resolves when all units are ready. Rejects, after stopping the started units, when one cannot start. */
  ready: Promise<void>
  /** Resolves when all units are stopped. */
  ended: Promise<void>
  stop(): Promise<void>
  /** Sends SIGKILL to all units. */
  kill(): void
}

/**
 * Starts units under a supervisor in this process, controlled through the socket.
 * @throws UserError when a port is taken, before anything was started
 */
export async function openShop(
  project: Project,
  units: readonly ProcessSpec[],
  onEvent: (event: SupervisorEvent) => void,
  front?: Front,
): Promise<Shop> {
  const adopted = runningOf(project)
  const frontPort = front ? [{ name: 'the front', ports: { front: front.port } }] : []
  await assertPortsFree([...units.filter(({ name }) => !adopted.has(name)), ...frontPort])
  for (const { name, logFile } of units) if (!adopted.has(name)) keepPreviousLog(logFile)
  const self = runningProc('supervisor', process.pid)
  const state = createStateWriter(project, (text) => onEvent({ type: 'warning', text }))
  const supervisor = createSupervisor(units, {
    adopted,
    onEvent,
    onChange: (processes) => state.write({ ...(self && { supervisor: self }), processes }),
  })
  const rotation = rotateLogs(units.map(({ logFile }) => logFile))
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const server = await serveCommands(project, (order) => obey(supervisor, stop, order))

  const open =
    front && (await openLoadBalancer(front.port, () => portsOf(front, supervisor.records())))

  let stopping: Promise<void> | undefined
  function stop(): Promise<void> {
    stopping ??= supervisor.stopAll().then(close)
    return stopping
  }

  function close(): void {
    server.close()
    open?.close()
    rotation.stop()
    state.stop()
    removeState(project)
    end()
  }

  async function start(): Promise<void> {
    try {
      await supervisor.startAll()
    } catch (error) {
      await stop()
      throw error
    }
  }

  function kill(): void {
    supervisor.killAll()
    close()
  }
  return { ready: start(), ended, stop, kill }
}

/** Returns the ports of instances that may take new connections. A stopping instance only finishes its work. */
function portsOf({ units }: Front, records: readonly ProcessRecord[]): number[] {
  const names = units.map(({ name }) => name)
  return records
    .filter(({ name, phase }) => names.includes(name) && ['running', 'ready'].includes(phase))
    .map(({ ports }) => ports.app ?? 0)
}

/** Moves the log of the previous start aside, so that each start writes a new one. */
function keepPreviousLog(logFile: string): void {
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`)
}

/** Returns the servers left running by `backing start`. */
export function runningOf(project: Project) {
  const records = readState(project)?.processes ?? []
  return new Map(
    records.flatMap((record) => {
      const proc = procOf(record)
      return proc ? [[record.name, proc] as const] : []
    }),
  )
}

async function obey(
  supervisor: Supervisor,
  stop: () => Promise<void>,
  what: Command,
): Promise<void> {
  switch (what.do) {
    case 'shutdown':
      return stop()
    case 'kill':
      return supervisor.kill(what.name, what.signal)
    case 'start':
      await Promise.all(what.names.map(supervisor.start))
      return
    case 'stop':
      return supervisor.stop(...what.names)
    case 'restart':
      await supervisor.stop(...what.names)
      await Promise.all(what.names.map(supervisor.start))
  }
}

/** @throws UserError when a supervisor of this checkout runs */
export function assertNotRunning(project: Project): void {
  const supervisor = supervisorOf(readState(project))
  if (supervisor)
    throw new UserError(
      `sidecart is already running (pid ${supervisor.pid}); ./sidecart status, ./sidecart down`,
    )
}
