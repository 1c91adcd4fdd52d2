import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { registry } from '@sidecart/chassis/observability/metrics.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { metricsTokenFile } from '@sidecart/platform/config/environment.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { ensureProgram, promtool } from '@sidecart/platform/install/packages.ts'
import { testWith } from '@sidecart/testing/needs.ts'
import { describe, expect, it } from 'vitest'
import { filesBelow, read } from '../tree.ts'
import {
  allRules,
  dashboardQueries,
  metricsIn,
  prometheusConfig,
  prometheusFolder,
} from './monitoring.ts'

const project = projectAt()
const alerts = allRules().filter(({ alert }) => alert !== undefined)
const page = read('docs/observability.md')

describe('the scrape configuration', () => {
  const targetsOf = (...jobs: readonly string[]) =>
    prometheusConfig()
      .scrape_configs.filter(({ job_name }) => jobs.includes(job_name))
      .flatMap(({ static_configs }) => static_configs)
      .map(({ targets, labels }) => [labels.service, ...targets])

  it('has every app and every sidecar of dapr.yaml', () => {
    const apps = readRunFile(project.runFile)
    expect(targetsOf('gateway', 'services')).toEqual(
      apps.map(({ appId, ports }) => [appId, `127.0.0.1:${ports.app}`]),
    )
    expect(targetsOf('sidecars')).toEqual(
      apps.map(({ appId, ports }) => [appId, `127.0.0.1:${ports.metrics}`]),
    )
  })

  it('reads the token of the gateway from the file that the platform writes', () => {
    const [gateway] = prometheusConfig().scrape_configs
    const file = gateway?.authorization?.credentials_file ?? ''
    expect(join(prometheusFolder, file)).toBe(metricsTokenFile(project))
  })
})

describe('alerts', () => {
  it.each(alerts.map((rule) => [rule.alert ?? '', rule] as const))(
    '%s has a severity, a summary, and a runbook',
    (name, { labels, annotations }) => {
      expect(['page', 'ticket']).toContain(labels?.severity)
      expect(annotations?.summary).toBeTruthy()
      expect(annotations?.runbook).toBe(`docs/observability.md#${name.toLowerCase()}`)
      const line = page.split('\n').find((text) => text.includes(`<a id="${name.toLowerCase()}">`))
      expect(line?.split('|')[2]?.trim().length).toBeGreaterThan(20)
    },
  )

  it('have no runbook left of one that has gone', () => {
    const anchors = [...page.matchAll(/<a id="([a-z]+)">/g)].map(([, anchor]) => anchor)
    expect(anchors.sort()).toEqual(alerts.map(({ alert }) => alert?.toLowerCase()).sort())
  })

  it('each fire in a test of the rules', () => {
    const tested = read('deploy/prometheus/rules.test.yml')
    const fires = (name = '') =>
      new RegExp(`alertname: ${name}\\n|alertname="${name}"\\}'`).test(tested)
    // burn rates of one speed differ only in the objective
    const untested = alerts.map(({ alert }) => alert).filter((name) => !fires(name))
    expect(untested).toEqual(['LatencyBurnSlow', 'CheckoutBurnSlow'])
  })
})

describe('queries', () => {
  const sources = filesBelow('services', /\.ts$/)
    .concat(filesBelow('packages/chassis', /\.ts$/))
    .filter((file) => !file.includes('.test.'))
  const own = sources.flatMap((file) =>
    [...read(file).matchAll(/\bname: '([a-z]+(?:_[a-z0-9]+)+)'/g)].map(([, name = '']) => name),
  )
  const known = new Set([
    ...own,
    ...registry.getMetricsAsArray().map(({ name }) => name),
    ...allRules().flatMap(({ record = '' }) => record),
    ...['up', 'ALERTS'],
    // a metric of Dapr: the test with a real Prometheus looks for it
    'dapr_runtime_service_invocation_req_sent_total',
  ])
  const base = (name: string) => name.replace(/_(bucket|sum|count)$/, '')

  it.each([
    ...allRules().map(({ alert, record, expr }) => [alert ?? record ?? '', expr] as const),
    ...dashboardQueries().map(({ title, expr }) => [`the panel “${title}”`, expr] as const),
  ])('%s asks for metrics that exist', (_, expr) => {
    const unknown = metricsIn(expr).filter((name) => !known.has(name) && !known.has(base(name)))
    expect(unknown).toEqual([])
    expect(metricsIn(expr).length).toBeGreaterThan(0)
  })

  it('of names that nobody has are found', () => {
    expect(metricsIn('sum by (le) (rate(no_such_total{a="b"}[5m])) or vector(0)')).toEqual([
      'no_such_total',
    ])
  })
})

const test = await testWith(promtool)
async function run(...words: string[]): Promise<string> {
  const { path } = await ensureProgram(promtool)
  return execFileSync(path, words, { cwd: prometheusFolder, encoding: 'utf8' })
}

test('promtool accepts the configuration and the rules', async () => {
  // without files that only a running shop has: the token, which a test above looks at
  expect(await run('check', 'config', '--syntax-only', 'prometheus.yml')).toContain('SUCCESS')
  expect(await run('check', 'rules', 'rules.yml')).toContain('SUCCESS')
})

test('the rules pass their tests', async () => {
  expect(await run('test', 'rules', 'rules.test.yml')).toContain('SUCCESS')
}, 180_000)
