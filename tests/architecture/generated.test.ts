import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate, staleFiles } from '@sidecart/maintainer/generate/generate.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from './tree.ts'

it('every generated file follows from the manifests (if not: ./sidecart generate)', () => {
  expect([...staleFiles(projectAt()).keys()]).toEqual([])
})

/** An app of an operator's own, outside of `services/`. */
const other = `  - appID: other
    appDirPath: other
    appPort: 9090
    daprHTTPPort: 9091
    daprGRPCPort: 9092
    daprInternalGRPCPort: 9093
    metricsPort: 9094
    configFilePath: ../components/common/configuration/gateway.yaml
    command: [./other]
`

describe('in a copy', () => {
  let copy: string
  const at = (path: string) => join(copy, path)
  const change = (path: string, by: (text: string) => string) =>
    writeFileSync(at(path), by(readFileSync(at(path), 'utf8')))
  const written = () => generate(projectAt(copy))

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'sidecart-generated-'))
    const entries = readdirSync(root).filter((name) => /\.(md|yaml|yml|json)$/.test(name))
    const folders = ['components', 'deploy', 'docs', '.vscode', 'services', 'packages']
    for (const path of [...entries, ...folders])
      cpSync(join(root, path), at(path), {
        recursive: true,
        filter: (from) => !from.includes('node_modules'),
      })
  })
  afterAll(() => rmSync(copy, { recursive: true }))

  it.each([
    ['components/pubsub-redis/subscriptions.yaml', 'orders-confirmed-v1', 'orders-placed-v1'],
    ['components/pubsub-kafka/catalog.yaml', 'consumerGroup', 'group'],
    ['components/pubsub-kafka/Kustomization', '  - catalog.yaml\n', ''],
    ['components/pubsub-mqtt/pubsub.yaml', 'orders-refunded-v1,orders-dead', 'orders-dead'],
    ['components/cache-redis/cache.yaml', '[catalog]', '[catalog, orders]'],
    ['components/common/configuration/orders.yaml', 'httpVerb: [GET]', 'httpVerb: [GET, PUT]'],
    ['services/gateway/routes.ts', "countries: 'users'", "countries: 'orders'"],
    ['docs/asyncapi.json', 'orders-sends-', 'catalog-sends-'],
    ['dapr.yaml', 'appPort: 8084', 'appPort: 8094'],
    ['docker-compose.yml', 'APP_ID: orders, BROKER: "nats:4222"', 'APP_ID: orders'],
    ['docker-compose.yml', '[users, catalog, orders, ', '['],
    ['.vscode/launch.json', '"APP_PORT": "8084"', '"APP_PORT": "8094"'],
    ['.vscode/tasks.json', 'sidecart stop catalog', 'sidecart kill catalog'],
    ['deploy/prometheus/prometheus.yml', '127.0.0.1:3804', '127.0.0.1:3904'],
    ['deploy/observability/prometheus.yml', 'orders-dapr.metrics:3804', 'orders.metrics:3804'],
    ['docker-compose.observability.yml', 'METRICS_HOST: orders.metrics', 'METRICS_HOST: 0.0.0.0'],
    ['README.md', 'catalog: product changed; ', ''],
    ['docs/ports.md', '| redis | 6340 |', '| redis | 6341 |'],
    ['deploy/Dockerfile', '=node:24-bookworm-slim', '=node:22-bookworm-slim'],
    ['deploy/kubernetes/dapr-values.yaml', '--version 1.18.3', '--version 1.18.2'],
    ['docker-compose.yml', 'image: postgres:18.4-bookworm', 'image: postgres:17-bookworm'],
    ['packages/platform/servers/kafka/pom.xml', '<kafka.version>', '<kafka.version>3'],
  ])('a change by hand is named and undone: %s', (path, from, to) => {
    const before = readFileSync(at(path), 'utf8')
    expect(before).toContain(from)
    change(path, (text) => text.replace(from, to))
    expect([...staleFiles(projectAt(copy)).keys()]).toEqual([path])
    expect(written()).toEqual([path])
    expect(readFileSync(at(path), 'utf8')).toBe(before)
  })

  it('a file of a service that has gone is removed', () => {
    const gone = [
      'components/common/configuration/gifts.yaml',
      'components/pubsub-kafka/gifts.yaml',
    ]
    for (const path of gone) cpSync(at(path.replace('gifts', 'catalog')), at(path))
    expect(written()).toEqual(gone)
    expect(written()).toEqual([])
  })

  it('settings of an operator beside the generated parts stay', () => {
    change('components/common/configuration/catalog.yaml', (text) =>
      text.replace('samplingRate: "0"', 'samplingRate: "1"').concat('  httpPipeline: {}\n'),
    )
    change('components/pubsub-redis/pubsub.yaml', (text) => text.replace('168h', '24h'))
    change('components/cache-redis/cache.yaml', (text) =>
      text.replace('[catalog] # generated', '[catalog, orders]'),
    )
    change('dapr.yaml', (text) =>
      text
        .replace('logLevel: warn', 'logLevel: info')
        .replace('    appPort: 8084\n', '    appPort: 8084\n    # slow\n    appMaxConcurrency: 1\n')
        .replace('/apps/catalog/env, main.ts]', '/apps/catalog/env, --inspect, main.ts]')
        .concat(other),
    )
    change('docker-compose.yml', (text) => text.replace('mem_limit: 512m', 'mem_limit: 1g'))
    change('.vscode/launch.json', (text) => text.replace('the test file that is open', 'a test'))
    expect(written()).toEqual([])
    const kept = readFileSync(at('dapr.yaml'), 'utf8')
    for (const line of ['logLevel: info', '# slow', 'appMaxConcurrency: 1', '--inspect', 'other'])
      expect(kept).toContain(line)
    expect(written()).toEqual([])
  })

  it('a set of an operator’s own is left alone', () => {
    const mine = 'components/pubsub-mine'
    cpSync(at('components/pubsub-kafka'), at(mine), { recursive: true })
    change(`${mine}/subscriptions.yaml`, (text) =>
      text.replace(/# Written by.*\n/, '').slice(0, -20),
    )
    rmSync(at(`${mine}/catalog.yaml`))
    expect(written()).toEqual([])
  })

  it('writes nothing for containers, monitoring and pages where a project has none', () => {
    const left = [
      ...['deploy', 'docker-compose.yml', 'docker-compose.observability.yml'],
      ...['README.md', 'docs/architecture.md'],
    ]
    for (const path of left) rmSync(at(path), { recursive: true })
    const again = written().filter((path) => left.some((one) => path.startsWith(one)))
    expect(again).toEqual([])
  })
})
