import { setTimeout as pause } from 'node:timers/promises'
import { UserError } from '../config/project.ts'
import type { Proc } from '../process/spawn.ts'
import { type ProcessSpec, type SupervisorEvent, tail } from './process-spec.ts'
import type { Phase, ProcessRecord, Role } from './state-file.ts'

export type SupervisorOptions = {
  /** Running processes to take over, by unit name. */
  adopted?: ReadonlyMap<string, Proc>
  onChange?(records: ProcessRecord[]): void
  onEvent?(event: SupervisorEvent): void
  /** Milliseconds before the restart of a crashed process, doubled at each crash in a row. */
  backOff?: { first: number; most: number }
}

export type Supervisor = {
  records(): ProcessRecord[]
  /**
   * Starts all units and resolves when all are ready.
   * @throws UserError when a unit crashes `patience` times without ever being ready
   */
  startAll(patience?: number): Promise<void>
  start(name: string): Promise<void>
  /** Stops units one after the other, after all of them were drained. */
  stop(...names: string[]): Promise<void>
  kill(name: string, signal: NodeJS.Signals): void
  /** Drains and stops apps first, then sidecars, then servers. */
  stopAll(): Promise<void>
  /** Sends SIGKILL to all units. */
  killAll(): void
  /** Stops supervising and leaves all processes running. */
  release(): void
}

type Kept = {
  unit: ProcessSpec
  phase: Phase
  wanted: boolean
  proc: Proc | undefined
  startedAt: Date | undefined
  restarts: number
  everReady: boolean
  /** Reason for an unrecoverable failure to start. */
  hopeless: string | undefined
  /** Time of the last end, on the monotonic clock. */
  goneSince: number | undefined
  /** Set while draining; settles when work under way is done. */
  lettingGo: Promise<void> | undefined
  /** Settles when the unit is stopped for good. */
  done: Promise<void>
  /** Ends a pause early. */
  wake: AbortController
}

const lookEveryMs = 100
const failingEveryMs = 5_000
/** A process with this uptime is restarted after the shortest delay. */
const settledMs = 10_000
const stopOrder: readonly Role[] = ['app', 'sidecar', 'backing']
/** PostgreSQL stops last: stopping processes still write to their databases. */
const lastToStop = 'postgres'

export function createSupervisor(
  units: readonly ProcessSpec[],
  options: SupervisorOptions = {},
): Supervisor {
  const { onChange = () => {}, onEvent = () => {}, adopted = new Map() } = options
  const { first, most } = options.backOff ?? { first: 200, most: 5000 }
  const kept = new Map(units.map((unit) => [unit.name, keptOf(unit)]))
  let released = false
  let closing = false

  const records = () => [...kept.values()].map(recordOf)

  function enter(one: Kept, phase: Phase): void {
    if (released) return
    one.phase = phase
    onChange(records())
  }

  /** Starts a unit and restarts the unit after every end, until stopped. */
  async function keep(one: Kept, running?: Proc): Promise<void> {
    let wait = first
    let inARow = 0
    let proc = running
    while (one.wanted && !released) {
      const began = performance.now()
      const fault = await run(one, proc).catch((error: Error) => error)
      proc = undefined
      if (!one.wanted || released) break
      if (performance.now() - began > settledMs) [wait, inARow] = [first, 0]
      inARow++
      one.restarts++
      enter(one, 'pausing')
      const { name, role, logFile, explain } = one.unit
      one.hopeless = one.everReady ? undefined : (adviceIn(fault) ?? explain?.(tail(logFile)))
      const why = fault ? { reason: fault.message, log: [] } : { log: tail(logFile) }
      if (!one.hopeless)
        onEvent({ type: 'crash', name, role, logFile, inARow, againInMs: wait, ...why })
      await pause(wait, undefined, { signal: one.wake.signal }).catch(() => {})
      wait = Math.min(wait * 2, most)
    }
    one.proc = undefined
    enter(one, 'stopped')
  }

  /** Runs a unit once; resolves when its process is gone. */
  async function run(one: Kept, running?: Proc): Promise<void> {
    const began = performance.now()
    enter(one, 'waiting')
    await until(() => !one.wanted || one.unit.after.every(isReady))
    if (!one.wanted) return
    enter(one, 'starting')
    one.proc = running ?? (await one.unit.start())
    one.lettingGo = undefined
    one.startedAt = new Date()
    enter(one, 'running')
    try {
      await one.unit.prepare?.()
    } catch (error) {
      if (one.proc) await one.unit.stop(one.proc)
      throw error
    }
    await until(async () => isOver(one) || (await one.unit.ready()))
    if (!isOver(one)) {
      one.everReady = true
      enter(one, 'ready')
      const { name, role } = one.unit
      onEvent({ type: 'ready', name, role, ms: Math.round(performance.now() - began) })
      renewDependents(one)
    }
    await untilOverOrFailing(one)
    one.goneSince = performance.now()
  }

  /** Resolves when the process is gone; stops a process that reports a failure only a restart can fix. */
  async function untilOverOrFailing(one: Kept): Promise<void> {
    let askedAt = performance.now()
    await until(async () => {
      if (isOver(one) || !one.unit.failing || performance.now() - askedAt < failingEveryMs)
        return isOver(one)
      const reason = await one.unit.failing().catch(() => undefined)
      askedAt = performance.now()
      if (reason !== undefined && one.proc && one.wanted && !isOver(one)) {
        onEvent({ type: 'warning', text: `${one.unit.name} is restarted: ${reason}` })
        await one.unit.stop(one.proc)
      }
      return isOver(one)
    })
  }

  function renewDependents({ unit, goneSince }: Kept): void {
    const goneMs = goneSince === undefined ? 0 : performance.now() - goneSince
    if (goneMs <= (unit.dependentsSurviveMs ?? Number.POSITIVE_INFINITY)) return
    for (const { unit: other, phase, wanted } of kept.values()) {
      if (phase === 'ready' && wanted && other.after.includes(unit.name)) void renew(other.name)
    }
  }

  async function renew(name: string): Promise<void> {
    await stop(name)
    const one = of(name)
    if (!closing && !one.wanted) begin(one)
  }

  /** Returns true when the process is gone or, for a server run by others, when the unit is no longer wanted. */
  const isOver = ({ proc, wanted }: Kept) => (proc ? gone(proc.pid) : !wanted)

  const isReady = (name: string) => kept.get(name)?.phase === 'ready' || !kept.has(name)

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!released && !(await condition())) await pause(lookEveryMs)
  }

  function of(name: string): Kept {
    const one = kept.get(name)
    if (one) return one
    throw new UserError(`there is no ${name} here: ${[...kept.keys()].join(', ')}`)
  }

  async function start(name: string): Promise<void> {
    const one = of(name)
    if (one.wanted) return
    await one.done
    if (closing) throw new UserError('the shop is being closed')
    if (!one.wanted) begin(one)
    await until(() => one.phase === 'ready' || one.phase === 'pausing' || !one.wanted)
    if (one.phase === 'pausing')
      throw new UserError(`${name} ended while it started; see: ./sidecart logs ${name}`)
  }

  function begin(one: Kept, running?: Proc): void {
    one.wanted = true
    one.wake = new AbortController()
    onEvent({ type: 'start', name: one.unit.name, role: one.unit.role })
    one.done = keep(one, running)
  }

  async function stop(...names: string[]): Promise<void> {
    const all = names.map(of)
    all.forEach(drain)
    for (const one of all) await end(one)
  }

  function drain(one: Kept): void {
    if (!one.wanted) return
    one.wanted = false
    one.wake.abort()
    if (one.proc) one.lettingGo = one.unit.drain?.(one.proc)
  }

  /** Stops a drained unit. */
  async function end(one: Kept): Promise<void> {
    const { done, unit } = one
    if (one.phase === 'stopping' || one.phase === 'stopped') return done
    await until(() => one.phase !== 'starting')
    if (one.proc) {
      enter(one, 'stopping')
      await (one.lettingGo ?? unit.drain?.(one.proc))
      await unit.stop(one.proc)
    }
    await done
    onEvent({ type: 'stopped', name: unit.name, role: unit.role })
  }

  async function startAll(patience = 5): Promise<void> {
    for (const one of kept.values()) begin(one, adopted.get(one.unit.name))
    const all = [...kept.values()]
    const hopeless = () =>
      all.find((one) => !one.everReady && (one.hopeless || one.restarts >= patience))
    await until(
      () => all.every(({ everReady, wanted }) => everReady || !wanted) || hopeless() !== undefined,
    )
    const lost = hopeless()
    if (!lost) return
    const { name, role, logFile } = lost.unit
    const often = `${name} does not start: it ended ${lost.restarts} times. Its log: ${logFile}`
    const reason = lost.hopeless ?? often
    onEvent({ type: 'hopeless', name, role, reason })
    throw new UserError(reason)
  }

  async function stopAll(): Promise<void> {
    closing = true
    for (const one of kept.values()) if (one.unit.drain) drain(one)
    for (const role of stopOrder) {
      const names = units
        .filter((unit) => unit.role === role && unit.name !== lastToStop)
        .map(({ name }) => name)
      await Promise.all(names.map((name) => stop(name)))
    }
    if (kept.has(lastToStop)) await stop(lastToStop)
  }

  function kill(name: string, signal: NodeJS.Signals): void {
    const { proc } = of(name)
    if (!proc) throw new UserError(`${name} does not run`)
    process.kill(proc.pid, signal)
  }

  function killAll(): void {
    released = true
    for (const { proc } of kept.values())
      if (proc && !gone(proc.pid)) process.kill(proc.pid, 'SIGKILL')
  }

  return {
    records,
    startAll,
    start,
    stop,
    kill,
    stopAll,
    killAll,
    release: () => {
      released = true
    },
  }
}

/** Returns the message of an error with a next step: a restart would not help. */
const adviceIn = (fault: unknown): string | undefined =>
  fault instanceof Error && ['UserError', 'PartError'].includes(fault.name)
    ? fault.message
    : undefined

function keptOf(unit: ProcessSpec): Kept {
  return {
    unit,
    phase: 'stopped',
    wanted: false,
    proc: undefined,
    startedAt: undefined,
    restarts: 0,
    everReady: false,
    hopeless: undefined,
    goneSince: undefined,
    lettingGo: undefined,
    done: Promise.resolve(),
    wake: new AbortController(),
  }
}

function recordOf({ unit, phase, proc, startedAt, restarts }: Kept): ProcessRecord {
  const { name, role, ports, logFile } = unit
  return {
    name,
    role,
    phase,
    ...(proc && { pid: proc.pid, startMark: proc.startMark }),
    ...(proc && startedAt && { startedAt: startedAt.toISOString() }),
    ports,
    restarts,
    logFile,
  }
}

/** Child processes are reaped at once, so a check of the pid is reliable, and cheap enough for frequent use. */
function gone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}
