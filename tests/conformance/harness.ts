import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createDaprSidecar } from '@sidecart/chassis/sidecar/dapr-sidecar.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import type { ComponentSelection } from '@sidecart/platform/config/components/component-sets.ts'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import { readIfThere, writeWhole } from '@sidecart/platform/config/files.ts'
import { assertPortsFree } from '@sidecart/platform/config/ports.ts'
import { type Project, projectAt } from '@sidecart/platform/config/project.ts'
import { ensureSecrets, type Secrets } from '@sidecart/platform/config/secrets.ts'
import { procOf } from '@sidecart/platform/process/spawn.ts'
import { servers } from '@sidecart/platform/servers/registry.ts'
import { stopLeftovers } from '@sidecart/platform/supervisor/down.ts'
import { prepareStack } from '@sidecart/platform/supervisor/prepare-stack.ts'
import type { ProcessSpec } from '@sidecart/platform/supervisor/process-spec.ts'
import { writeState } from '@sidecart/platform/supervisor/state-file.ts'
import { createSupervisor } from '@sidecart/platform/supervisor/supervisor.ts'
import { until } from '@sidecart/testing/until.ts'
import pg from 'pg'
import { stringify } from 'yaml'
import { program } from './app.ts'

/** One instance of an app with its sidecar. */
export type Instance = { name: string; app: string; receives: readonly string[]; journal: string }

export type Harness = {
  /**
   * Starts servers, apps (`catalog`) and sidecars (`catalog-sidecar`) together. Resolves when all
   * are ready.
   */
  start(...names: string[]): Promise<void>
  stop(...names: string[]): Promise<void>
  /** Sends SIGKILL and resolves after the exit; the process is restarted at once. */
  kill(name: string): Promise<void>
  /** Suspends the process (SIGSTOP) until killed. */
  freeze(name: string): void
  isReady(name: string): boolean
  /** The sidecar of an instance, through the chassis port. */
  sidecar(name: string): Sidecar
  /** Sends an HTTP request to an app or to its sidecar. */
  ask(to: { app?: string; sidecar?: string }, path: string, init?: RequestInit): Promise<Response>
  /** The connection string of an app's journal. */
  journalOf(name: string): string
  /** Returns the log of an app, a sidecar or a server. */
  logOf(name: string): string
  /** The server of the set under test; `undefined` when the set needs none. */
  server: string | undefined
  close(): Promise<void>
}

const root = join(import.meta.dirname, '../..')
const base = join(root, '.sidecart/conformance')

/**
 * Prepares real servers, sidecars and apps for the suite, with the shop's component files and
 * separate data below `.sidecart/conformance/`. Starts only the servers, with empty data.
 */
export async function openHarness(
  choice: ComponentSelection,
  folders: readonly string[],
  instances: readonly Instance[],
): Promise<Harness> {
  const project = projectAt(root, {
    home: join(base, '.sidecart'),
    runFile: join(base, 'dapr.yaml'),
  })
  await stopLeftovers(project)
  mkdirSync(project.home, { recursive: true })
  const data = readdirSync(project.home).filter((name) => name.startsWith('state.sqlite'))
  for (const name of [...data, ...servers.map((one) => one.name)])
    rmSync(join(project.home, name), { recursive: true, force: true })
  const secrets = await ensureSecrets(project)
  rmSync(project.logs, { recursive: true, force: true })
  writeRunFile(project, secrets, folders, instances)
  const { servers: specs, fleet } = await prepareStack(project, choice)
  const needed = specs.needed.filter(({ name }) => !['mail', 'provider'].includes(name))
  const units = [...needed, ...fleet]
  await assertPortsFree(units)
  const self = procOf('conformance', process.pid)
  const supervisor = createSupervisor(units, {
    onChange: (processes) => writeState(project, { ...(self && { supervisor: self }), processes }),
  })
  const start = async (...names: string[]) => void (await Promise.all(names.map(supervisor.start)))
  await start(...needed.map(({ name }) => name)).catch(async (error) => {
    await supervisor.stopAll()
    throw error
  })
  for (const database of ['state', ...instances.map(({ journal }) => journal)])
    await empty(secrets[`${database}-database`] ?? '')

  const tokensOf = (name: string) => ensureAppTokens(project, name.replace(/-\d+$/, ''))
  const portsOf = (name: string) => units.find((unit) => unit.name === name)?.ports ?? {}
  const transports: Sidecar[] = []
  return {
    start,
    stop: supervisor.stop,
    async kill(name) {
      const restarts = () => supervisor.records().find((one) => one.name === name)?.restarts ?? 0
      const before = restarts()
      supervisor.kill(name, 'SIGKILL')
      await until(`${name} is gone`, () => restarts() > before)
    },
    freeze: (name) => supervisor.kill(name, 'SIGSTOP'),
    isReady: (name) =>
      supervisor.records().some((one) => one.name === name && one.phase === 'ready'),
    sidecar(name) {
      const { http = 0, grpc = 0 } = portsOf(`${name}-sidecar`)
      const sidecar = createDaprSidecar({
        httpPort: http,
        grpcPort: grpc,
        apiToken: tokensOf(name).DAPR_API_TOKEN,
      })
      transports.push(sidecar)
      return sidecar
    },
    ask({ app, sidecar }, path, init) {
      const port = app ? portsOf(app).app : portsOf(`${sidecar}-sidecar`).http
      const { APP_API_TOKEN, DAPR_API_TOKEN } = tokensOf(app ?? sidecar ?? '')
      const headers = { 'dapr-api-token': app ? APP_API_TOKEN : DAPR_API_TOKEN, ...init?.headers }
      return fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers })
    },
    journalOf: (name) =>
      secrets[`${instances.find((instance) => instance.name === name)?.journal}-database`] ?? '',
    logOf: (name) => readIfThere(join(project.logs, `${name}.log`)) ?? '',
    server: serverAmong(needed) ?? (folders.includes('state-postgresql') ? 'postgres' : undefined),
    async close() {
      for (const sidecar of transports) await sidecar.close()
      await supervisor.stopAll()
    },
  }
}

const serverAmong = (units: readonly ProcessSpec[]): string | undefined =>
  servers.map(({ name }) => name).find((name) => units.some((unit) => unit.name === name))

/**
 * Writes the suite's counterpart of `dapr.yaml`. The folders of `components/` are used unchanged.
 */
function writeRunFile(
  project: Project,
  secrets: Secrets,
  folders: readonly string[],
  instances: readonly Instance[],
): void {
  const components = join(root, 'components')
  const apps = instances.map(({ name, app, receives, journal }, index) => {
    mkdirSync(join(base, 'apps', name), { recursive: true })
    return {
      appID: app,
      appDirPath: `apps/${name}`,
      appPort: 8180 + index,
      daprHTTPPort: 3560 + index,
      daprGRPCPort: 3660 + index,
      daprInternalGRPCPort: 3760 + index,
      metricsPort: 3860 + index,
      configFilePath: join(components, 'common/configuration', `${app}.yaml`),
      command: [process.execPath, program],
      env: {
        INSTANCE: name,
        SUBSCRIBES_TO: receives.join(','),
        JOURNAL: secrets[`${journal}-database`] ?? '',
      },
    }
  })
  const common = {
    resourcesPaths: folders.map((folder) => join(components, folder)),
    logLevel: 'warn',
    placementHostAddress: '',
    enableAppHealthCheck: true,
    appHealthCheckPath: '/readyz',
    appHealthProbeInterval: 2,
    appHealthProbeTimeout: 1900,
    appHealthThreshold: 3,
    env: { LOG_LEVEL: 'warn' },
  }
  writeWhole(project.runFile, stringify({ version: 1, common, apps }))
}

async function empty(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  } finally {
    await client.end()
  }
}
