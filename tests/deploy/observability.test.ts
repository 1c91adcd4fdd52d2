import { randomUUID } from 'node:crypto'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { portsAt } from '@sidecart/platform/config/ports.ts'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allRules } from '../architecture/deploy/monitoring.ts'
import { prometheusAt } from '../observability/prometheus.ts'
import {
  createTraceClient,
  orphansOf,
  type Span,
  titleOf,
  traceWith,
} from '../observability/trace.ts'
import { type Engine, ensureMonitoringImages, openEngine } from './engine.ts'
import { expectNoRights } from './rights.ts'
import { asksStatus, connects } from './scripts.ts'
import { type ContainerShop, openContainers } from './shop.ts'

/** The shop in containers with docker-compose.observability.yml: all of it for which there are images. */
let engine: Engine | undefined
let without: string[] = []
const missing = await openEngine().then(
  async (opened) => {
    engine = opened
    without = await ensureMonitoringImages(opened)
    return ''
  },
  (error: Error) => {
    if (process.env.SIDECART_REQUIRE_ALL) throw error
    return ` [not tried: ${error.message.replaceAll('\n', ' ')}]`
  },
)
const noGrafana = without.includes('grafana') ? ' [not tried: no registry gives the image]' : ''

const metricsPort = 9464
const apps = manifests.map(({ name }) => name)
const metricsOf = manifests.flatMap(({ name, position }) => [
  `${name}:${metricsPort}`,
  `${name}-dapr:${portsAt(position).metrics}`,
])

describe.skipIf(missing)(`docker-compose.observability.yml${missing}`, () => {
  let shop: ContainerShop
  let prometheus: ReturnType<typeof prometheusAt>

  beforeAll(async () => {
    const files = ['docker-compose.observability.yml']
    shop = await openContainers(engine as Engine, { files, without })
    prometheus = prometheusAt(shop.monitoring.prometheus)
  })
  afterAll(async () => {
    await shop?.down()
    await engine?.close()
  })

  it('starts with every container locked down', async () => {
    await shop.healthy(60_000)
    await expectNoRights(shop)
  })

  it('scrapes every app and every sidecar', async () => {
    const scraped = async () =>
      (await prometheus.targets()).every(({ health }) => health !== 'unknown')
    await until('every process was scraped', scraped, 60_000, 1_000)
    const targets = await prometheus.targets()
    expect(targets.map(({ health, lastError }) => [health, lastError])).toEqual(
      Array.from({ length: 2 * apps.length }, () => ['up', '']),
    )
    const samples = await prometheus.query('up{job=~"gateway|services"}')
    expect(samples.map(({ metric }) => metric.service).sort()).toEqual([...apps].sort())
  })

  it('evaluates the rules, and has the results of each recording rule for which there is data', async () => {
    const rules = await prometheus.rules()
    expect(rules.map(({ name }) => name).sort()).toEqual(
      allRules()
        .map(({ alert, record }) => alert ?? record)
        .sort(),
    )
    await bought()
    const recorded = async () =>
      (await prometheus.query('slo:availability_errors:ratio_5m')).length > 0 &&
      (await prometheus.query('service_route:http_requests:rate5m')).length > 0
    await until('requests were recorded', recorded, 120_000, 1_000)
    const now = await prometheus.rules()
    expect(now.filter(({ health }) => health !== 'ok')).toEqual([])
  })

  it('shows the trace of an order, without what may be personal', async () => {
    const { spans, orderId } = await traced()
    const services = [...new Set(spans.map(({ localEndpoint }) => localEndpoint.serviceName))]
    for (const name of ['gateway', 'orders', 'catalog', 'payments'])
      expect(services).toEqual(expect.arrayContaining([name, `${name}-sidecar`]))
    expect(orphansOf(spans)).toEqual([])
    expect(spans.filter(({ parentId }) => !parentId).map(titleOf)).toEqual([
      'CLIENT browser: click buy',
    ])
    expect(spans.some(({ tags }) => tags?.['order.id'] === orderId)).toBe(true)
    const tags = new Set(spans.flatMap(({ tags = {} }) => Object.keys(tags)))
    for (const dropped of ['url.full', 'dapr.api', 'db.statement'])
      expect(tags).not.toContain(dropped)
  })

  describe('Prometheus, if it were taken over', () => {
    it('reaches the ports of metrics, the collector of spans and what is public, and nothing else', async () => {
      const open = await shop.nodeBeside<string[]>('prometheus', connects, await listeners())
      expect([...new Set(open)].sort()).toEqual(
        [
          ...metricsOf,
          'gateway:8080',
          'collector:4318',
          'prometheus:9090',
          'zipkin:9411',
          ...(noGrafana ? [] : ['grafana:3000']),
        ].sort(),
      )
    })

    it.each(apps)(
      'reads the metrics of %s by the token for these, and nothing by another',
      async (app) => {
        const [one = '', other = ''] = await Promise.all(
          [app, apps.find((name) => name !== app) ?? ''].map((name) =>
            shop.compose(['exec', '-T', 'prometheus', 'cat', `/run/sidecart/metrics/${name}`]),
          ),
        )
        const ask = (token: string, path = '/metrics') =>
          shop.nodeBeside<number>('prometheus', asksStatus, {
            url: `http://${app}.metrics:${metricsPort}${path}`,
            init: { headers: { authorization: `Bearer ${token}`, 'dapr-api-token': token } },
          })
        expect(await ask(one)).toBe(200)
        expect(await ask(other)).toBe(401)
        expect(await ask('')).toBe(401)
        expect(await ask(one, '/readyz')).toBe(404)
      },
    )
  })

  it.each(apps)(
    '%s, if it were taken over, reads neither metrics nor spans of others',
    async (app) => {
      const targets = await listeners()
      for (const service of [app, `${app}-dapr`]) {
        const open = await shop.node<string[]>(service, connects, targets)
        const watching = open.filter((target) =>
          /^(prometheus|zipkin|grafana|collector)/.test(target),
        )
        expect(new Set(watching)).toEqual(new Set(['collector:4318']))
        const metrics = open.filter((target) => metricsOf.includes(target))
        expect(metrics.filter((target) => !target.startsWith(app))).toEqual([])
      }
    },
  )

  it('an alert fires when payments is stopped, and ends when it is back', async () => {
    const raised = async () => {
      const alerts = await prometheus.alerts()
      const down = alerts.filter(
        ({ labels, state }) => labels.alertname === 'ServiceDown' && state === 'firing',
      )
      return down.map(({ labels }) => labels.service)
    }
    expect(await raised()).toEqual([])
    await shop.compose(['stop', 'payments'])
    try {
      await until('the alert fires', async () => (await raised()).length > 0, 240_000, 1_000)
      expect(await raised()).toEqual(['payments'])
    } finally {
      await shop.compose(['start', 'payments'])
    }
    await until('the alert ends', async () => (await raised()).length === 0, 120_000, 1_000)
    await shop.healthy(60_000)
  })

  it.skipIf(noGrafana)(`Grafana has the dashboard, and data for it${noGrafana}`, async () => {
    const ask = async <T>(path: string) =>
      (await (await fetch(`${shop.monitoring.grafana}/api${path}`)).json()) as T
    type Found = { dashboard: { panels: object[] } }
    const { dashboard } = await ask<Found>('/dashboards/uid/sidecart')
    expect(dashboard.panels.length).toBeGreaterThan(10)
    type Answer = { data: { result: object[] } }
    const { data } = await ask<Answer>('/datasources/proxy/uid/prometheus/api/v1/query?query=up')
    expect(data.result).toHaveLength(2 * apps.length)
  })

  type Ask = (method: string, path: string, body?: object, headers?: object) => Promise<unknown>

  /** A signed-in customer, who can send further headers. */
  async function customer(): Promise<Ask> {
    const credentials = { email: `${randomUUID()}@example.com`, password: randomUUID() }
    const ask = async (method: string, path: string, body?: object, headers = {}) => {
      const answer = await fetch(`${shop.gateway}${path}`, {
        method,
        headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
        ...(body && { body: JSON.stringify(body) }),
      })
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return answer.json()
    }
    await ask('POST', '/users', { ...credentials, name: 'Ada' })
    const { accessToken } = (await ask('POST', '/sessions', credentials)) as { accessToken: string }
    const authorization = `Bearer ${accessToken}`
    return (method, path, body, headers) => ask(method, path, body, { authorization, ...headers })
  }

  /** Places an order and waits until it is confirmed. Returns its id. */
  async function bought(headers: object = {}): Promise<string> {
    const ask = await customer()
    const order = {
      lines: [{ sku: 'MUG-ENAMEL-BLUE', quantity: 1 }],
      card: 'card_approved',
      shipTo: {
        ...{ name: 'Ada', street: 'Harbour Road 1', postalCode: '20457' },
        ...{ city: 'Hamburg', country: 'DE' },
      },
    }
    const key = { 'idempotency-key': randomUUID() }
    const { orderId } = (await ask('POST', '/orders', order, { ...key, ...headers })) as {
      orderId: string
    }
    const isConfirmed = async () =>
      ((await ask('GET', `/orders/${orderId}`)) as { status: string }).status === 'confirmed'
    await until('the order is confirmed', isConfirmed, 60_000, 500)
    return orderId
  }

  async function traced(): Promise<{ orderId: string; spans: Span[] }> {
    const viewer = shop.monitoring.zipkin
    const client = createTraceClient(viewer)
    const orderId = await bought({ traceparent: client.traceparent })
    await client.end()
    const spans = await traceWith(
      client.traceId,
      [
        'CONSUMER catalog: process orders-confirmed-v1',
        'SERVER payments: put /internal/charges/:orderid',
      ],
      viewer,
    )
    return { orderId, spans }
  }

  /** Every address and port at which a container listens for somebody. */
  async function listeners(): Promise<{ name: string; host: string; port: number }[]> {
    const ports: Record<string, number[]> = {
      ...{ postgres: [5432], nats: [4222, 8222], provider: [8090], mail: [1040, 8040] },
      ...{ sentry: [50001], scheduler: [50006] },
      ...{ prometheus: [9090], collector: [4318], zipkin: [9411], grafana: [3000] },
    }
    for (const { name, position } of manifests) {
      const { app, http, grpc, metrics } = portsAt(position)
      ports[name] = [app, metricsPort]
      ports[`${name}-dapr`] = [http, grpc, metrics, 50002]
    }
    return (await shop.containers()).flatMap(({ service, addresses }) =>
      addresses.flatMap((host) =>
        (ports[service] ?? []).map((port) => ({ name: `${service}:${port}`, host, port })),
      ),
    )
  }
})
