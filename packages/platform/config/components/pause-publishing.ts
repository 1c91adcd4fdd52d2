import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { until } from '../../process/spawn.ts'
import type { AppConfig } from '../dapr-yaml.ts'
import type { Project } from '../project.ts'
import { setAmong } from './component-sets.ts'

/** Set by `sidecart swap` while events are consumed but not published. */
export const draining = 'SIDECART_DRAINING'

/** Longer than a broker waits before redelivering an event that a sidecar took and did not acknowledge. */
const quietMs = 60_000
const mostMs = 15 * 60_000

/**
 * Returns the app configs with a copy of their broker set in which publishing is denied. New events wait in the outbox,
 * as during a broker outage; consumers drain the old broker, and failing events become dead letters.
 */
export function withoutPublishing(project: Project, appConfigs: readonly AppConfig[]): AppConfig[] {
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

/** Returns Dapr's `app=topic,topic;app=topic` reduced to dead letter topics. */
export function deadLettersOnly(scopes: string): string {
  const apps = scopes.split(';').map((scope) => {
    const [app = '', topics = ''] = scope.split('=')
    const left = topics.split(',').filter((topic) => /-dead-letters-v\d+\s*$/.test(topic))
    return `${app.trim()}=${left.map((topic) => topic.trim()).join(',')}`
  })
  return apps.join(';')
}

/** Waits until no sidecar has delivered an event for a minute. `tell` receives the number of delivered events. */
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

/** Returns the number of events delivered by a sidecar since its start. */
async function broughtBy(metricsPort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
  const counts = [
    ...(await answer.text()).matchAll(/^dapr_component_pubsub_ingress_count\{.*\} (\S+)$/gm),
  ]
  return counts.reduce((total, [, count]) => total + Number(count), 0)
}
