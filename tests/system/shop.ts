import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { chosen, kinds, prefixes } from '@sidecart/platform/config/components/component-sets.ts'
import { alive, portHolder, procOf, stopProcess } from '@sidecart/platform/process/spawn.ts'
import { brokerAmong } from '@sidecart/platform/servers/registry.ts'
import { raiseLimits } from '@sidecart/platform/supervisor/lift-limits.ts'
import { until } from '@sidecart/testing/until.ts'
import { parse } from 'yaml'
import { behindEdge } from '../nginx/nginx.ts'

const run = promisify(execFile)
raiseLimits()

const root = join(import.meta.dirname, '../..')

const launchLog = join(root, '.sidecart/logs/dapr-run.log')

type AppConfig = {
  appID: string
  appPort: number
  daprHTTPPort: number
  daprGRPCPort: number
  command: string[]
  appDirPath: string
}
const onDisk = readFileSync(join(root, 'dapr.yaml'), 'utf8')
export const appConfigs = (parse(runFile()) as { apps: AppConfig[] }).apps

/** Returns dapr.yaml edited for the sets of SIDECART_BROKER and SIDECART_STATE. */
function runFile(): string {
  const sets = chosen({})
  return kinds.reduce((text, kind) => {
    const folder = `components/${prefixes[kind]}`
    return sets[kind] ? text.replace(new RegExp(`${folder}\\S+`), `${folder}${sets[kind]}`) : text
  }, onDisk)
}

/**
 * Vitest's global set-up of the system tests: the backing servers, then the whole shop under `dapr
 * run -f .`.
 */
export default (): Promise<() => Promise<void>> => behindEdge(startShop)

/** Starts the shop under `dapr run -f .`. Returns a function stopping it. */
export async function startShop(): Promise<() => Promise<void>> {
  await sidecart('backing', 'start')
  const launcher = launch()
  try {
    await until(
      'every service and sidecar is ready',
      async () => {
        if (launcher.exitCode !== null)
          throw new Error(`dapr run ended:\n${readFileSync(launchLog, 'utf8')}`)
        return (await Promise.all(appConfigs.map(isReady))).every(Boolean)
      },
      90_000,
    )
  } catch (error) {
    await stopShop(launcher)
    throw error
  }
  return () => stopShop(launcher)
}

/** Runs the command like a user. Returns stdout. @throws Error with the output as `stdout` */
export const sidecart = sidecartIn(root)

/** Returns `sidecart` for a copy of the checkout. */
export function sidecartIn(folder: string): (...args: string[]) => Promise<string> {
  return async (...args) => {
    const running = run(process.execPath, ['packages/cli/bin.mjs', ...args], {
      cwd: folder,
      timeout: 600_000,
      maxBuffer: 64 * 1024 * 1024,
    })
    const { stdout } = await running.catch((error: Error & { stdout: string }) => {
      error.message += `\n${error.stdout}`
      throw error
    })
    return stdout
  }
}

/**
 * Runs the two commands of the README. For sets other than those in dapr.yaml, passes the run file
 * through stdin.
 */
function launch(): ChildProcess {
  mkdirSync(join(root, '.sidecart/logs'), { recursive: true })
  const log = openSync(launchLog, 'w')
  const from = runFile() === onDisk ? '.' : '-'
  const lines = `eval "$(./sidecart env </dev/null)" && exec dapr run -f ${from}`
  const child = spawn('bash', ['-c', lines], {
    cwd: root,
    stdio: ['pipe', log, log],
    detached: true,
    env: {
      ...process.env,
      ...(chosen({}).broker === 'bullmq' && {
        DAPR_COMPONENTS_SOCKETS_FOLDER: join(root, '.sidecart/sockets'),
      }),
    },
  })
  child.stdin?.end(runFile())
  return child
}

async function isReady({ appPort, daprHTTPPort }: AppConfig): Promise<boolean> {
  const [app, sidecar] = await Promise.all([
    statusOf(`http://127.0.0.1:${appPort}/readyz`),
    statusOf(`http://127.0.0.1:${daprHTTPPort}/v1.0/healthz`),
  ])
  return app === 200 && sidecar === 204
}

const statusOf = (url: string): Promise<number | undefined> =>
  fetch(url).then(
    ({ status }) => status,
    () => undefined,
  )

async function stopShop(launcher: ChildProcess): Promise<void> {
  launcher.kill('SIGTERM')
  await until(
    'dapr run has ended',
    () => launcher.exitCode !== null || launcher.signalCode !== null,
    30_000,
  ).catch(() => launcher.kill('SIGKILL'))
  for (const app of restarted) await stopProcess(app)
  await stopWhatIsLeft()
  await sidecart('backing', 'stop')
}

/** Stops orphans of `dapr run`, which hold the ports of dapr.yaml. */
async function stopWhatIsLeft(): Promise<void> {
  for (const { appID, appPort, daprHTTPPort } of appConfigs) {
    for (const port of [appPort, daprHTTPPort]) {
      const holder = await portHolder(port)
      const proc = holder?.pid === undefined ? undefined : procOf(appID, holder.pid)
      if (proc) await stopProcess(proc)
    }
  }
}

const restarted: { name: string; pid: number; startMark: string }[] = []

export type StoppedApp = { start(): Promise<void> }

/** Kills a service's process; the sidecar stays. Returns a function restarting the service. */
export async function killApp(
  name: string,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<StoppedApp> {
  const appConfig = appConfigs.find(({ appID }) => appID === name)
  const holder = appConfig && (await portHolder(appConfig.appPort))
  const proc = holder?.pid === undefined ? undefined : procOf(name, holder.pid)
  if (!appConfig || !proc) throw new Error(`${name} does not run`)
  const env = environmentOf(proc.pid)
  process.kill(proc.pid, signal)
  await until(`${name} is gone`, () => !alive(proc))
  return {
    async start() {
      const log = openSync(join(root, `.sidecart/logs/${name}-again.log`), 'a')
      const [command = '', ...args] = appConfig.command
      const child = spawn(command, args, {
        cwd: join(root, appConfig.appDirPath),
        env,
        stdio: ['ignore', log, log],
        detached: true,
      })
      const again = child.pid === undefined ? undefined : procOf(name, child.pid)
      if (again) restarted.push(again)
      child.unref()
      await until(`${name} is back`, () => isReady(appConfig), 30_000)
    },
  }
}

/** Returns the environment of a running process, on Linux. */
export function environmentOf(pid: number): Record<string, string> {
  const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)
  return Object.fromEntries(
    entries.map((entry) => [
      entry.slice(0, entry.indexOf('=')),
      entry.slice(entry.indexOf('=') + 1),
    ]),
  )
}

type Recorded = { name: string; pid: number; startMark: string }

/** Returns the process of the server of the event broker. */
export function brokerProcess(): Recorded {
  const { processes } = JSON.parse(
    readFileSync(join(root, '.sidecart/run/state.json'), 'utf8'),
  ) as { processes: Recorded[] }
  const names = processes.map((process) => process.name).filter((one) => one !== 'bullmq')
  const name = brokerAmong(names)
  const proc = processes.find((process) => process.name === name)
  if (!proc || !alive(proc)) throw new Error(`${name} does not run`)
  return proc
}

/**
 * Kills the broker's server. Returns a function restarting the server. With BullMQ, kills Redis: a
 * sidecar never reconnects to a pluggable component, and `dapr run` does not restart sidecars.
 */
export async function killBroker(): Promise<StoppedApp> {
  const proc = brokerProcess()
  process.kill(proc.pid, 'SIGKILL')
  await until(`${proc.name} is gone`, () => !alive(proc))
  return { start: async () => void (await sidecart('backing', 'start')) }
}

/**
 * Waits until `verify` passes. An event in flight when its consumer was killed is redelivered after
 * the broker's 45 s (`ackWait`), so the wait after an outage is long.
 * @throws Error naming the violations at the end
 */
export async function invariantsHold(timeoutMs: number): Promise<void> {
  let wrong: unknown[] = []
  const agree = async () => {
    const printed = await sidecart('verify', '--json').catch(
      (error: { stdout: string }) => error.stdout,
    )
    const { ok, checks } = JSON.parse(printed) as { ok: boolean; checks: { ok: boolean }[] }
    wrong = checks.filter((check) => !check.ok)
    return ok && checks.length > 10
  }
  await until('the invariants hold', agree, timeoutMs).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(wrong)}`)
  })
}
