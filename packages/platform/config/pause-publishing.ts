import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { until } from '../process/spawn.ts'
import { setAmong } from './component-sets.ts'
import type { AppConfig } from './dapr-yaml.ts'
import type { Project } from './project.ts'

/** Set by `sidecart swap` while events are received but not published. */
export const draining = 'SIDECART_DRAINING'

/** Longer than a broker waits before it brings an event again that a sidecar took and did not finish. */
const quietMs = 60_000
const mostMs = 15 * 60_000

/**
 * The appConfigs with a copy of their broker set through which nobody may publish an event: services keep it in their outbox, as
 * they do while a broker is away. What the broker holds is received, and becomes a dead letter where it must.
 */
export function withoutSaying(project: Project, appConfigs: readonly AppConfig[]): AppConfig[] {
  const isBroker = (path: string) => setAmong('broker', [path]) !== undefined
  const copied = new Map<string, string>()
  const copyOf = (folder: string) => {
    const copy = copied.get(folder) ?? silenced(folder, join(project.home, 'draining'))
    copied.set(folder, copy)
    return copy
  }
  return appConfigs.map((appConfig) => ({
    ...appConfig,
    resourcesPaths: appConfig.resourcesPaths.map((path) => (isBroker(path) ? copyOf(path) : path)),
  }))
}

function silenced(folder: string, parent: string): string {
  const copy = join(parent, basename(folder))
  rmSync(copy, { recursive: true, force: true })
  cpSync(folder, copy, { recursive: true })
  const file = join(copy, 'pubsub.yaml')
  const documents = parseAllDocuments(readFileSync(file, 'utf8'))
  for (const document of documents) {
    const content = document.toJS() as { spec: { metadata: { name: string; value?: string }[] } }
    const index = content.spec.metadata.findIndex(({ name }) => name === 'publishingScopes')
    const scopes = content.spec.metadata[index]?.value
    if (scopes !== undefined)
      document.setIn(['spec', 'metadata', index, 'value'], deadLettersOnly(scopes))
  }
  writeFileSync(file, documents.map(String).join('---\n'))
  return copy
}

/** `app=topic,topic;app=topic`, as Dapr reads it. */
export function deadLettersOnly(scopes: string): string {
  const apps = scopes.split(';').map((scope) => {
    const [app = '', topics = ''] = scope.split('=')
    const left = topics.split(',').filter((topic) => /-dead-letters-v\d+\s*$/.test(topic))
    return `${app.trim()}=${left.map((topic) => topic.trim()).join(',')}`
  })
  return apps.join(';')
}

/** Waits until no sidecar has brought an event for a minute. `tell` receives how many were brought until now. */
export async function untilQuiet(
  metricsPorts: readonly number[],
  tell: (brought: number) => void,
): Promise<void> {
  let brought = -1
  let since = performance.now()
  const quiet = async () => {
    const counts = await Promise.all(metricsPorts.map(broughtBy))
    const sum = counts.reduce((total, count) => total + count, 0)
    if (sum !== brought) since = performance.now()
    brought = sum
    tell(sum)
    return performance.now() - since > quietMs
  }
  await until(quiet, { timeoutMs: mostMs, everyMs: 1_000, what: 'the old broker to be empty' })
}

/** How many events a sidecar has brought to its app since it started. */
async function broughtBy(metricsPort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
  const counts = [
    ...(await answer.text()).matchAll(/^dapr_component_pubsub_ingress_count\{.*\} (\S+)$/gm),
  ]
  return counts.reduce((total, [, count]) => total + Number(count), 0)
}
