import type { ComponentSelection } from '../config/components/component-sets.ts'
import { assertPortsFree } from '../config/ports.ts'
import { type Project, UserError } from '../config/project.ts'
import { stopLeftovers, stopRecorded } from './down.ts'
import { prepareStack } from './prepare-stack.ts'
import type { ProcessSpec, SupervisorEvent } from './process-spec.ts'
import type { Servers } from './servers.ts'
import { assertNotRunning, runningOf } from './shop.ts'
import { procOf, readState, removeState, writeState } from './state-file.ts'
import { createSupervisor } from './supervisor.ts'
import { ensureWebApp } from './web-app.ts'

type Wanted = { choice: ComponentSelection; name?: string | undefined }

/**
 * Starts the servers required by sidecars, or the named server, for a shop started by `dapr run -f .` or another tool.
 * The servers outlive this process; running ones are left alone.
 */
export async function startBacking(
  project: Project,
  { choice, name }: Wanted,
  onEvent: (event: SupervisorEvent) => void,
): Promise<void> {
  assertNotRunning(project)
  await stopLeftovers(project)
  await ensureWebApp(project)
  const { servers } = await prepareStack(project, choice)
  const adopted = runningOf(project)
  const units = wantedOf(servers, adopted, name)
  await assertPortsFree(units.filter(({ name }) => !adopted.has(name)))
  const supervisor = createSupervisor(units, {
    adopted,
    // an unrecoverable error is thrown and printed after the server was stopped
    onEvent: (event) => event.type !== 'hopeless' && onEvent(event),
    onChange: (processes) => writeState(project, { processes }),
  })
  try {
    await supervisor.startAll(1)
    supervisor.release()
  } catch (error) {
    const ours = units.filter(({ name }) => !adopted.has(name))
    await Promise.all(ours.map(({ name }) => supervisor.stop(name)))
    supervisor.release()
    forget(project, ours)
    throw error
  }
}

/** Keeps running servers in the state file. */
function wantedOf(
  servers: Servers,
  running: ReadonlyMap<string, unknown>,
  name?: string,
): ProcessSpec[] {
  const known = servers.all.map((unit) => unit.name)
  if (name !== undefined && !known.includes(name))
    throw new UserError(`there is no server ${name}: ${known.sort().join(', ')}`)
  const wanted = servers.all.find((unit) => unit.name === name)
  const names = wanted ? [...wanted.after, wanted.name] : servers.needed.map((unit) => unit.name)
  return servers.all.filter((unit) => names.includes(unit.name) || running.has(unit.name))
}

/** Stops all servers or the named one. Returns the number of stopped servers. */
export async function stopBacking(project: Project, name?: string): Promise<number> {
  const state = readState(project)
  if (state?.supervisor)
    throw new UserError(
      `these servers belong to the running shop: ./sidecart ${name ? `stop ${name}` : 'down'}`,
    )
  const running = (state?.processes ?? []).filter(procOf)
  const chosen = running.filter((process) => name === undefined || process.name === name)
  await stopRecorded(chosen)
  forget(project, chosen)
  return chosen.length
}

/** Removes stopped servers from the state file. */
function forget(project: Project, stopped: readonly { name: string }[]): void {
  const names = stopped.map(({ name }) => name)
  const left = (readState(project)?.processes ?? []).filter(
    (process) => !names.includes(process.name) && procOf(process),
  )
  if (left.length > 0) writeState(project, { processes: left })
  else removeState(project)
}
