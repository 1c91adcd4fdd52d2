import { statSync } from 'node:fs'
import { relative } from 'node:path'
import { resourcesOf } from '@sidecart/platform/config/components/components.ts'
import type { AppConfig } from '@sidecart/platform/config/dapr-yaml.ts'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { brokerAmong, provides, servers } from '@sidecart/platform/servers/registry.ts'
import { type ProcessStatus, statusOf } from '@sidecart/platform/supervisor/status.ts'
import { z } from 'zod'
import type { CallEdge, EventEdge, Instance, Process, ServiceNode, ShopMap } from './contract.ts'
import { parseMetrics, ratesOf, type Sample, sumOf } from './metrics.ts'
import type { Loaded } from './sidecars.ts'

const Configuration = z.object({
  secrets: z
    .object({ scopes: z.array(z.object({ allowedSecrets: z.array(z.string()).default([]) })) })
    .optional(),
  accessControl: z.object({
    policies: z.array(
      z.object({
        appId: z.string(),
        operations: z
          .array(z.object({ name: z.string(), httpVerb: z.array(z.string()), action: z.string() }))
          .default([]),
      }),
    ),
  }),
})

type Configuration = z.output<typeof Configuration>

type Look = { at: number; byService: Map<string, Sample> }

const windowMs = 10_000
const looksApartMs = 1_000

/** Returns the running shop: processes, rates, allowed calls and event flows. Collects the data on request only. */
export function createMap(
  project: Project,
  appConfigs: readonly AppConfig[],
  metadataOf: () => Promise<ReadonlyMap<string, Loaded>>,
): () => Promise<ShopMap> {
  const apps = [...new Set(appConfigs.map(({ appId }) => appId))]
  const configurationOf = createConfigurations()
  let looks: Look[] = []

  async function look(): Promise<Look> {
    const last = looks.at(-1)
    if (last && performance.now() - last.at < looksApartMs) return last
    const samples = await Promise.all(appConfigs.map((appConfig) => sampleOf(project, appConfig)))
    const byService = new Map<string, Sample>()
    for (const app of apps) {
      const own = samples.filter((sample, index) => sample && appConfigs[index]?.appId === app)
      if (own.length > 0) byService.set(app, sumOf(own as Sample[]))
    }
    const now = { at: performance.now(), byService }
    looks = [...looks.filter(({ at }) => now.at - at < windowMs), now]
    return now
  }

  function nodeOf(
    app: string,
    now: Look,
    processes: readonly ProcessStatus[],
    database: string | undefined,
  ): ServiceNode {
    const then = looks.find(({ byService }) => byService.has(app))
    const [before, current] = [then?.byService.get(app), now.byService.get(app)]
    const instances = appConfigs.filter(({ appId }) => appId === app)
    return {
      name: app,
      instances: instances.flatMap(({ name }) => instanceOf(name, processes)),
      ...(database && { database }),
      ...(then &&
        before &&
        current &&
        then !== now && { rates: ratesOf(before, current, (now.at - then.at) / 1000) }),
      ...(current?.outbox && { outbox: current.outbox }),
    }
  }

  return async () => {
    const [now, { processes }, metadata] = await Promise.all([
      look(),
      statusOf(project),
      metadataOf(),
    ])
    const changed = appConfigs.filter((appConfig) => isOutdated(appConfig, processes))
    const configurations = new Map(
      appConfigs.map((appConfig) => [
        appConfig.appId,
        configurationOf(appConfig, changed.includes(appConfig)),
      ]),
    )
    const database = (app: string) => {
      const configuration = configurations.get(app)
      return configuration && databaseOf(configuration)
    }
    return {
      services: apps.map((app) => nodeOf(app, now, processes, database(app))),
      servers: processes.filter(({ role }) => role === 'backing').map(processOf),
      ...brokerOf(metadata, processes),
      calls: callsOf(configurations),
      events: eventsOf(apps, metadata),
      outdated: [...new Set(changed.map(({ configFile }) => relative(project.root, configFile)))],
    }
  }
}

async function sampleOf(
  project: Project,
  { appId, ports }: AppConfig,
): Promise<Sample | undefined> {
  try {
    const { METRICS_TOKEN } = ensureAppTokens(project, appId)
    const headers = { authorization: `Bearer ${METRICS_TOKEN}` }
    const options = { headers, signal: AbortSignal.timeout(1_500) }
    const answer = await fetch(`http://127.0.0.1:${ports.app}/metrics`, options)
    return answer.ok ? parseMetrics(await answer.text()) : undefined
  } catch {
    return undefined
  }
}

function instanceOf(name: string, processes: readonly ProcessStatus[]): Instance[] {
  const [app, sidecar] = [name, `${name}-sidecar`].map((wanted) =>
    processes.find((one) => one.name === wanted),
  )
  return app ? [{ app: processOf(app), ...(sidecar && { sidecar: processOf(sidecar) }) }] : []
}

/** Removes pids and paths, which callers outside do not need. */
const processOf = (one: ProcessStatus): Process => ({
  name: one.name,
  phase: one.phase,
  ready: one.ready,
  restarts: one.restarts,
  ...(one.rssMb !== undefined && { rssMb: one.rssMb }),
  ...(one.uptimeSeconds !== undefined && { uptimeSeconds: one.uptimeSeconds }),
})

/**
 * Returns the configuration as the sidecar loaded the file: the current text, or the earlier text when the file changed
 * since.
 */
function createConfigurations() {
  const read = new Map<string, Configuration>()
  return function configurationOf({ configFile }: AppConfig, isOutdated: boolean): Configuration {
    const known = read.get(configFile)
    if (known && isOutdated) return known
    const now = Configuration.parse(resourcesOf(configFile)[0]?.spec)
    read.set(configFile, now)
    return now
  }
}

/** Returns the service whose database password a configuration allows its app to read. */
function databaseOf({ secrets }: Configuration): string | undefined {
  const names = (secrets?.scopes ?? []).flatMap(({ allowedSecrets }) => allowedSecrets)
  return names.find((name) => name.endsWith('-database'))?.replace(/-database$/, '')
}

function callsOf(configurations: ReadonlyMap<string, Configuration>): CallEdge[] {
  return [...configurations].flatMap(([to, { accessControl }]) =>
    accessControl.policies.map(({ appId, operations }) => ({
      from: appId,
      to,
      operations: operations
        .filter(({ action }) => action === 'allow')
        .map(({ name, httpVerb }) => ({ path: name, verbs: httpVerb })),
    })),
  )
}

/** Returns the server behind the component that publishes events. */
function brokerOf(
  metadata: ReadonlyMap<string, Loaded>,
  processes: readonly ProcessStatus[],
): { broker?: string } {
  const components = [...metadata.values()].flatMap((one) => one.components)
  const used = components.map(({ type }) => type).filter((type) => type.startsWith('pubsub.'))
  const running = new Set(processes.map(({ name }) => name))
  const brokers = servers
    .filter((one) => running.has(one.name) && used.some((type) => provides(one, type)))
    .map(({ name }) => name)
  return brokers.length > 0 ? { broker: brokerAmong(brokers) } : {}
}

/** A topic begins with the name of its publisher. A service's own dead letters are left out. */
function eventsOf(apps: readonly string[], metadata: ReadonlyMap<string, Loaded>): EventEdge[] {
  return [...metadata].flatMap(([to, { subscriptions }]) => {
    const topics = subscriptions.map(({ topic }) => topic)
    return apps
      .filter((from) => from !== to)
      .map((from) => ({ from, to, topics: topics.filter((name) => name.startsWith(`${from}-`)) }))
      .filter(({ topics: published }) => published.length > 0)
  })
}

function isOutdated({ name, configFile }: AppConfig, processes: readonly ProcessStatus[]): boolean {
  const sidecar = processes.find((one) => one.name === `${name}-sidecar`)
  if (sidecar?.uptimeSeconds === undefined) return false
  const startedAt = Date.now() - sidecar.uptimeSeconds * 1000
  return statSync(configFile).mtimeMs > startedAt + 1_000
}
