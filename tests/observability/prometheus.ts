import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ensureProgram, prometheus as program } from '@sidecart/platform/install/packages.ts'
import { answers, startAndWait } from '@sidecart/platform/process/start-process.ts'
import { stringify } from 'yaml'
import { prometheusConfig, prometheusFolder, rules } from '../architecture/deploy/monitoring.ts'

const port = 9490
const address = `http://127.0.0.1:${port}`

type Sample = { metric: Record<string, string>; value: [number, string] }
export type Alert = { labels: Record<string, string>; state: 'pending' | 'firing' }
export type Target = {
  labels: Record<string, string>
  health: 'up' | 'down' | 'unknown'
  lastError: string
}
export type EvaluatedRule = { name: string; health: string; lastError?: string }

type Queries = {
  query(expr: string): Promise<Sample[]>
  alerts(): Promise<Alert[]>
  targets(): Promise<Target[]>
  rules(): Promise<EvaluatedRule[]>
}
export type Prometheus = Queries & { stop(): Promise<void> }

/**
 * Starts a real Prometheus with the project's configuration in a folder of its own. Only times differ: it scrapes and
 * evaluates every second, and an alert fires after 5 s instead of minutes.
 */
export async function startPrometheus(): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'sidecart-prometheus-'))
  const { path } = await ensureProgram(program, { log: console.error })
  writeFileSync(join(folder, 'rules.yml'), stringify(impatientRules()))
  writeFileSync(join(folder, 'prometheus.yml'), stringify(impatientConfig()))
  mkdirSync(join(folder, 'data'))
  const args = [
    ...['--config.file', join(folder, 'prometheus.yml')],
    ...['--storage.tsdb.path', join(folder, 'data')],
    ...['--web.listen-address', `127.0.0.1:${port}`],
  ]
  const started = await startAndWait(
    { name: 'prometheus', command: path, args, cwd: folder, logFile: join(folder, 'log') },
    { ports: [port], ready: () => answers(`${address}/-/ready`) },
  )
  return {
    ...prometheusAt(address),
    stop: async () => {
      await started.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Asks a running Prometheus. */
export function prometheusAt(address: string): Queries {
  async function ask<T>(path: string): Promise<T> {
    const answer = await fetch(`${address}/api/v1/${path}`)
    const { data, error } = (await answer.json()) as { data: T; error?: string }
    if (error) throw new Error(`${path}: ${error}`)
    return data
  }
  return {
    query: async (expr) =>
      (await ask<{ result: Sample[] }>(`query?query=${encodeURIComponent(expr)}`)).result,
    alerts: async () => (await ask<{ alerts: Alert[] }>('alerts')).alerts,
    targets: async () => (await ask<{ activeTargets: Target[] }>('targets')).activeTargets,
    rules: async () => {
      const { groups } = await ask<{ groups: { rules: EvaluatedRule[] }[] }>('rules')
      return groups.flatMap((group) => group.rules)
    },
  }
}

function impatientConfig(): object {
  const config = prometheusConfig()
  return {
    ...config,
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    scrape_configs: config.scrape_configs.map(({ authorization, ...job }) => ({
      ...job,
      ...(authorization && {
        authorization: {
          credentials_file: resolve(prometheusFolder, authorization.credentials_file),
        },
      }),
    })),
  }
}

function impatientRules(): object {
  const { groups } = rules()
  const sooner = (rule: { alert?: string }) => (rule.alert ? { ...rule, for: '5s' } : rule)
  return { groups: groups.map((group) => ({ ...group, rules: group.rules.map(sooner) })) }
}
