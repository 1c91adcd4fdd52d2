import { spawn } from 'node:child_process'
import { mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { asFlags, type ComponentSelection } from '../config/component-sets.ts'
import type { AppConfig } from '../config/dapr-yaml.ts'
import { hasDemo } from '../config/demo.ts'
import { ensureIdentities, schedulerId } from '../config/identities.ts'
import { gatewayApp } from '../config/instances.ts'
import { type Project, UserError } from '../config/project.ts'
import { ensureProjectAuthority, warningsOf } from '../config/trust-anchors.ts'
import { ensureRuntime } from '../install/ensure.ts'
import { createProgress, type Progress, paint, seconds } from '../process/terminal.ts'
import { assertCallsReach } from './check-calls.ts'
import { stopLeftovers } from './down.ts'
import { raiseLimits } from './lift-limits.ts'
import { readable } from './logs.ts'
import { type NetworkProxies, openNetworkProxies } from './network-proxies.ts'
import { prepareStack } from './prepare-stack.ts'
import type { Crash, SupervisorEvent } from './process-spec.ts'
import { assertNotRunning, openShop, type Shop } from './shop.ts'
import { readState, supervisorOf } from './state-file.ts'
import { ensureWebApp } from './web-app.ts'
import { gateway, welcome } from './welcome.ts'

/** Opens the operations API beside the shop; resolves with how to close it. */
export type OpenOperations = (options: {
  project: Project
  appConfigs: readonly AppConfig[]
  /** Proxies that can be disturbed; none: no fault may be injected. */
  links?: NetworkProxies | undefined
}) => Promise<() => void>

/** Brings the shop up and holds it until a signal or `sidecart down` ends it. */
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
  else progress.line(opened(project, began, 'Ctrl-C stops everything.'))
  await shop.ended
  progress.line('stopped')
  process.exit(0)
}

/** Brings the shop up under a supervisor of its own, and leaves it running. */
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
  progress.line(opened(project, began, './sidecart down stops everything.'))
}

/** The same for a command that goes on and brings load: answers whether the shop was closed before. */
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

function opened(project: Project, began: number, howToStop: string): string {
  const warnings = warningsOf(project).map((text) => `${paint('yellow', '!')} ${text}\n`)
  return `\nready after ${seconds(performance.now() - began)}\n${warnings.join('')}${welcome(project, howToStop, hasDemo())}`
}

/** Starts the shop and its operations API. `breakable`: the API may inject faults. */
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

/** A running shop outlives sentry's certificate, and the tokens with which its sidecars renew theirs. */
async function renew(project: Project, apps: readonly string[]): Promise<void> {
  try {
    ensureProjectAuthority(project, { nothingRuns: false })
    await ensureIdentities(project, [...apps, schedulerId])
  } catch (error) {
    console.error(error)
  }
}

/** Stops the shop again and throws UserError when its services do not reach each other. */
async function assertWorks(project: Project, shop: Shop): Promise<void> {
  try {
    await assertCallsReach(gateway, join(project.logs, `${gatewayApp}.log`))
  } catch (error) {
    await shop.stop()
    throw error
  }
}

/** Why was told when it happened; stopping the rest took a while. */
function told(): never {
  throw new UserError('the shop was not started, and what was is stopped again')
}

function noLinks(error: Error): never {
  const advice = 'servers that run already must stop first: ./sidecart backing stop'
  throw new UserError(`there is no way between services and servers (${error.message}); ${advice}`)
}

/** What the background supervisor tells the command that started it. */
export type Message = { event: SupervisorEvent } | { up: true } | { fault: string }

/** The background supervisor: the shop, without a terminal. */
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
  // its log may be on the disk that is full
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

/** A service is shown once, when both its app and its sidecar are ready; what is outstanding moves on the last line. Nothing follows on what is hopeless. */
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

/** The log is shown at the first crash in a row; after that a line has to do. */
function crashed(progress: Progress, event: Crash): void {
  const { name, reason, log, inARow, againInMs, logFile } = event
  const [why, ...more] = reason?.split('\n') ?? []
  const times = inARow > 1 ? ` ${inARow} times in a row, see ${logFile}` : ''
  const again = `starts again in ${seconds(againInMs)}`
  progress.line(`${paint('red', '✖')} ${name} ended${why ? ` (${why})` : times}; ${again}`)
  const shown = inARow > 1 ? [] : [...more, ...log]
  for (const line of shown) progress.line(`    ${readable(line).slice(0, widest)}`)
}

/** The first signal stops in order, the next one at once. A terminal's Ctrl-C may reach us twice, so close ones count once. */
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
