import { stopLeftovers, stopRecorded } from './down.ts'
import { planOf } from './plan.ts'
import { assertPortsFree } from './ports.ts'
import { Advice, type Project } from './project.ts'
import { assertNotRunning, runningOf } from './shop.ts'
import { procOf, readState, removeState, writeState } from './state.ts'
import { createSupervisor } from './supervisor.ts'
import type { SupervisorEvent } from './unit.ts'

/** Starts the servers that sidecars need, for a shop that `dapr run -f .` or something else brings up; they outlive this process. */
export async function startBacking(
  project: Project,
  onEvent: (event: SupervisorEvent) => void,
): Promise<void> {
  assertNotRunning(project)
  await stopLeftovers(project)
  const { backing } = await planOf(project)
  const adopted = runningOf(project)
  await assertPortsFree(backing.filter(({ name }) => !adopted.has(name)))
  const supervisor = createSupervisor(backing, {
    adopted,
    onEvent,
    onChange: (processes) => writeState(project, { processes }),
  })
  try {
    await supervisor.startAll(1)
    supervisor.release()
  } catch (error) {
    await supervisor.stopAll()
    removeState(project)
    throw error
  }
}

/** Stops them again. Answers how many there were. */
export async function stopBacking(project: Project): Promise<number> {
  const state = readState(project)
  if (state?.supervisor)
    throw new Advice('these servers belong to the running shop: npx sidecart down')
  const running = (state?.processes ?? []).filter(procOf)
  await stopRecorded(running)
  removeState(project)
  return running.length
}
