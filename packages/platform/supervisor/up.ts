import { spawn } from 'node:child_process'
import { mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { asFlags, type ComponentSelection } from '../config/components/component-sets.ts'
import type { AppConfig } from '../config/dapr-yaml.ts'
import { hasDemo } from '../config/demo.ts'
import { ensureIdentities, schedulerId } from '../config/identity/identities.ts'
import { ensureProjectAuthority, warningsOf } from '../config/identity/trust-anchors.ts'
import { gatewayApp } from '../config/instances.ts'
import { type Project, UserError } from '../config/project.ts'
import { ensureRuntime } from '../install/ensure.ts'
import { createProgress, type Progress, paint, seconds } from '../process/terminal.ts'
import { assertCallsReach } from './diagnosis/check-calls.ts'
import { stopLeftovers } from './down.ts'
import { raiseLimits } from './lift-limits.ts'
import { readable } from './logs/logs.ts'
import { type NetworkProxies, openNetworkProxies } from './network/network-proxies.ts'
import { prepareStack } from './prepare-stack.ts'
import type { Crash, SupervisorEvent } from './process-spec.ts'
import { assertNotRunning, openShop, type Shop } from './shop.ts'
import { readState, supervisorOf } from './state-file.ts'
import { ensureWebApp } from './web-app.ts'
import { gateway, welcome } from './welcome.ts'

/** Opens the operations API beside the shop; resolves with a function that closes the API. */
export type OpenOperations = (options: {
  project: Project
  appConfigs: readonly AppConfig[]
  /** Proxies for network faults; without proxies no fault may be injected. */
  links?: NetworkProxies | undefined
}) => Promise<() => void>

/** Starts the shop and blocks until a signal or `sidecart down`. */
export async function upInForeground(
  project: Project,
  choice: ComponentSelection,
  openOperations: OpenOperations,
  breakable = false,
): Promise<void> {
  const progress = await prepared(project)
  const began = performance.now()
  const quitter = quitOnSignal(progress)
  const shop = await openAll(project, choice, openOperations, breakable, reporter(progress))
  quitter.shop = shop
  await shop.ready.catch(told)
  if (!quitter.asked) await assertWorks(project, shop)
  progress.end()
  if (quitter.asked) await shop.ended
  else progress.line(opened(project, choice, began, 'Ctrl-C stops everything.'))
  await shop.ended
  progress.line('stopped')
  process.exit(0)
}

/** Starts the shop under a background supervisor and leaves the shop running. */
export async function upInBackground(
  project: Project,
  choice: ComponentSelection,
  breakable = false,
): Promise<void> {
  const progress = await prepared(project)
  const began = performance.now()
  await superviseInBackground(
    project,
    [...asFlags(choice), ...(breakable ? ['--chaos'] : [])],
    reporter(progress),
  )
  progress.end()
  progress.line(opened(project, choice, began, './sidecart down stops everything.'))
}

/**
 * Starts the shop in the background for a command that generates load. Returns false when the shop was already running.
 */
export async function upUnlessRunning(
  project: Project,
  choice: ComponentSelection,
  progress: Progress,
): Promise<boolean> {
  if (supervisorOf(readState(project))) return false
  raiseLimits()
  await prepared(project, progress)
  await superviseInBackground(project, asFlags(choice), reporter(progress))
  return true
}

function opened(
  project: Project,
  { observe = false }: ComponentSelection,
  began: number,
  howToStop: string,
): string {
  const warnings = warningsOf(project).map((text) => `${paint('yellow', '!')} ${text}\n`)
  return `\nready after ${seconds(performance.now() - began)}\n${warnings.join('')}${welcome(project, howToStop, { demo: hasDemo(project), observed: observe })}`
}

/** Starts the shop and its operations API. `breakable` allows the API to inject faults. */
async function openAll(
  project: Project,
  choice: ComponentSelection,
  openOperations: OpenOperations,
  breakable: boolean,
  onEvent: (event: SupervisorEvent) => void,
): Promise<Shop> {
  const links = breakable ? await openNetworkProxies().catch(noLinks) : undefined
  const plan = await prepareStack(project, choice)
  const { servers, fleet, appConfigs, front } = plan
  await plan.assertReachable()
  const shop = await openShop(project, [...servers.needed, ...fleet], onEvent, front)
  const closeOperations = await openOperations({ project, appConfigs, links })
  const apps = appConfigs.map(({ appId }) => appId)
  const renewal = setInterval(() => void renew(project, apps), renewEveryMs)
  void shop.ended.then(closeOperations).then(() => clearInterval(renewal))
  return shop
}

const renewEveryMs = 6 * 3_600_000

/** Renews sentry's certificate and the sidecars' identity tokens, because a running shop outlives both. */
async function renew(project: Project, apps: readonly string[]): Promise<void> {
  try {
    ensureProjectAuthority(project, { nothingRuns: false })
    await ensureIdentities(project, [...apps, schedulerId])
  } catch (error) {
    console.error(error)
  }
}

/** Throws UserError, after stopping the shop, when its services do not reach each other. */
async function assertWorks(project: Project, shop: Shop): Promise<void> {
  try {
    await assertCallsReach(gateway, join(project.logs, `${gatewayApp}.log`))
  } catch (error) {
    await shop.stop()
    throw error
  }
}

/** The reason was printed when the failure happened; stopping the other processes took longer. */
function told(): never {
  throw new UserError('the shop was not started, and what was is stopped again')
}

function noLinks(error: Error): never {
  const advice = 'servers that run already must stop first: ./sidecart backing stop'
  throw new UserError(`there is no way between services and servers (${error.message}); ${advice}`)
}

/** Messages of the background supervisor to the command that started the shop. */
export type Message = { event: SupervisorEvent } | { up: true } | { fault: string }

/** Runs the shop as the background supervisor, without a terminal. */
export async function superviseForParent(
  project: Project,
  choice: ComponentSelection,
  openOperations: OpenOperations,
  breakable: boolean,
): Promise<void> {
  const tell = (message: Message) =>
    new Promise((resolve) =>
      process.connected ? process.send?.(message, resolve) : resolve(undefined),
    )
  // the supervisor's log may be on a full disk
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const quitter = quitOnSignal()
  try {
    const shop = await openAll(
      project,
      choice,
      openOperations,
      breakable,
      (event) => void tell({ event }),
    )
    quitter.shop = shop
    await shop.ready.catch(told)
    if (!quitter.asked) await assertWorks(project, shop)
    await tell({ up: true })
    await shop.ended
    process.exit(0)
  } catch (error) {
    await tell({ fault: (error as Error).message })
    process.exit(1)
  }
}

async function prepared(project: Project, progress = createProgress()): Promise<Progress> {
  assertNotRunning(project)
  const left = await stopLeftovers(project)
  if (left.length > 0)
    progress.line(`stopped what an earlier start that ended badly had left: ${left.join(', ')}`)
  await ensureRuntime({ project: project.root })
  await ensureWebApp(project)
  return progress
}

function superviseInBackground(
  project: Project,
  flags: readonly string[],
  report: (event: SupervisorEvent) => void,
): Promise<void> {
  mkdirSync(project.logs, { recursive: true })
  const log = openSync(join(project.logs, 'supervisor.log'), 'a')
  const main = join(project.root, 'packages/cli/main.ts')
  const child = spawn(process.execPath, [main, 'supervise', ...flags], {
    cwd: project.root,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  })
  const forward = (signal: NodeJS.Signals) => child.kill(signal)
  process.once('SIGINT', forward).once('SIGTERM', forward).once('SIGHUP', forward)
  return new Promise((resolve, reject) => {
    child.on('message', (message: Message) => {
      if ('event' in message) report(message.event)
      else if ('fault' in message) reject(new UserError(message.fault))
      else resolve(child.disconnect())
    })
    child.once('error', reject)
    child.once('exit', () =>
      reject(new UserError(`the supervisor ended; see ${join(project.logs, 'supervisor.log')}`)),
    )
    child.unref()
  })
}

/**
 * Prints one line per service when app and sidecar are ready, and pending names in a status line. Prints nothing more
 * after an unrecoverable error.
 */
export function reporter(progress: Progress): (event: SupervisorEvent) => void {
  const starting = new Set<string>()
  let isHopeless = false
  return (event) => {
    if (event.type === 'warning') return progress.line(`${paint('yellow', '!')} ${event.text}`)
    const { name, type } = event
    const shown = name.replace(/-sidecar$/, '')
    if (isHopeless) return
    if (type === 'hopeless') {
      isHopeless = true
      progress.line(`${paint('red', '✖')} ${event.reason}`)
      return progress.wait('stopping what was started')
    }
    if (type === 'crash') return crashed(progress, event)
    if (type === 'start') starting.add(name)
    else starting.delete(name)
    const whole = !starting.has(shown) && !starting.has(`${shown}-sidecar`)
    if (type === 'ready' && whole)
      progress.line(`${paint('green', '✔')} ${shown.padEnd(16)}${seconds(event.ms)}`)
    progress.wait(starting.size === 0 ? '' : `starting ${[...starting].join(', ')}`)
  }
}

const widest = 200

/** Prints a crash: with log lines at the first crash in a row, on one line afterwards. */
function crashed(progress: Progress, event: Crash): void {
  const { name, reason, log, inARow, againInMs, logFile } = event
  const [why, ...more] = reason?.split('\n') ?? []
  const times = inARow > 1 ? ` ${inARow} times in a row, see ${logFile}` : ''
  const again = `starts again in ${seconds(againInMs)}`
  progress.line(`${paint('red', '✖')} ${name} ended${why ? ` (${why})` : times}; ${again}`)
  const shown = inARow > 1 ? [] : [...more, ...log]
  for (const line of shown) progress.line(`    ${readable(line).slice(0, widest)}`)
}

/**
 * Stops in order on the first signal and kills on the next. Signals within 500 ms count once, because a terminal's
 * Ctrl-C may arrive twice.
 */
function quitOnSignal(progress?: Progress) {
  const quitter = { shop: undefined as Shop | undefined, asked: false }
  let first = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)

  function onSignal(): void {
    if (!quitter.shop) process.exit(130)
    if (!quitter.asked) {
      first = performance.now()
      quitter.asked = true
      progress?.line('\nstopping services, sidecars, servers (Ctrl-C again: at once)')
      void quitter.shop.stop()
    } else if (performance.now() - first > 500) {
      quitter.shop.kill()
      process.exit(130)
    }
  }
  return quitter
}
