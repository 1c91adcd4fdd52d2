import { manifests } from '@sidecart/platform/config/manifests.ts'
import { portsAt } from '@sidecart/platform/config/ports.ts'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { read } from '../tree.ts'
import { expectConfined } from './containers.ts'
import { type PrometheusConfig, prometheusConfig } from './monitoring.ts'

type Service = {
  image: string
  networks: string[] | Record<string, { aliases?: string[] } | null>
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  mem_limit?: string
  pids_limit?: number
}
type Compose = {
  services: Record<string, Service>
  networks: Record<string, { internal?: boolean }>
}
const compose = parse(read('docker-compose.observability.yml'), { merge: true }) as Compose
const apps = manifests.map(({ name }) => name)
const monitors = Object.entries(compose.services).filter(
  ([name]) => !apps.includes(name.replace(/-dapr$/, '')),
)

const networksOf = ({ networks }: Service): string[] =>
  Array.isArray(networks) ? networks : Object.keys(networks)

describe('docker-compose.observability.yml', () => {
  it('connects each app and its sidecar with Prometheus and the collector, and with no other', () => {
    const members = (network: string) =>
      Object.entries(compose.services)
        .filter(([, service]) => networksOf(service).includes(network))
        .map(([name]) => name)
        .sort()
    const wanted = Object.fromEntries(
      apps.map((app) => [`${app}-monitoring`, ['collector', 'prometheus', app, `${app}-dapr`]]),
    )
    const all = {
      ...wanted,
      traces: ['collector', 'zipkin'],
      monitoring: ['prometheus', 'zipkin', 'grafana'],
    }
    const names = Object.keys(compose.networks)
    expect(Object.fromEntries(names.map((name) => [name, members(name)]))).toEqual(
      Object.fromEntries(Object.entries(all).map(([name, those]) => [name, those.sort()])),
    )
    const open = names.filter((name) => !compose.networks[name]?.internal)
    expect(open).toEqual(['monitoring'])
  })

  it('publishes Prometheus, Zipkin and Grafana to this machine only', () => {
    const published = monitors.flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, port]),
    )
    expect(published.map(([name]) => name)).toEqual(['prometheus', 'zipkin', 'grafana'])
    for (const [name, port] of published) expect(port, name).toMatch(/^127\.0\.0\.1:/)
  })

  it('gives Prometheus the tokens of metrics, and no other secret to anybody', () => {
    const mounted = monitors.flatMap(([name, { volumes = [] }]) =>
      volumes.map((volume) => [name, volume.split(':')[0]]),
    )
    expect(mounted).toEqual([
      ['prometheus', 'metrics'],
      ['prometheus', 'metrics-data'],
      ['grafana', 'grafana-data'],
    ])
  })

  it('lets no container write into its image, hold capabilities or take all memory', () => {
    for (const [name, one] of monitors) expectConfined(name, one)
  })
})

describe('the scrape configuration of containers', () => {
  const config = parse(read('deploy/observability/prometheus.yml')) as PrometheusConfig
  const alias = (container: string) => {
    const networks = compose.services[container]?.networks ?? {}
    return Object.values(networks).flatMap((network) => network?.aliases ?? [])
  }
  const labels = ({ scrape_configs }: PrometheusConfig) =>
    scrape_configs
      .flatMap(({ job_name, static_configs }) =>
        static_configs.map(({ labels }) => ({ job: job_name, ...labels })),
      )
      .map(({ job, service }) => `${job} ${service}`)
      .sort()

  it('has the labels of that of one machine, so that rules and dashboards fit both', () => {
    expect(labels(config)).toEqual(labels(prometheusConfig()))
    expect(config.rule_files).toEqual(prometheusConfig().rule_files)
  })

  it('reads each app at its name and port, by the token of that app', () => {
    for (const app of apps) {
      const { environment = {} } = compose.services[app] ?? {}
      const job = config.scrape_configs.find(({ job_name }) => job_name === app)
      expect(job?.static_configs[0]?.targets).toEqual([
        `${environment.METRICS_HOST}:${environment.METRICS_PORT}`,
      ])
      expect(alias(app)).toEqual([environment.METRICS_HOST])
      expect(job?.authorization?.credentials_file).toBe(`/run/sidecart/metrics/${app}`)
    }
  })

  it('reads each sidecar at its name, on the port of npm start', () => {
    const sidecars = config.scrape_configs.find(({ job_name }) => job_name === 'sidecars')
    expect(sidecars?.static_configs.map(({ targets }) => targets)).toEqual(
      manifests.map(({ name, position }) => [`${name}-dapr.metrics:${portsAt(position).metrics}`]),
    )
    for (const app of apps)
      expect(alias(`${app}-dapr`)).toEqual([
        compose.services[`${app}-dapr`]?.environment?.METRICS_HOST,
      ])
  })
})

describe('spans of containers', () => {
  it('go to the collector at the rate of npm start', () => {
    type Tracing = { spec: { tracing: Record<string, { endpointAddress: string }> } }
    const tracing = (file: string) => (parse(read(file)) as Tracing).spec.tracing
    const { zipkin: _, ...ours } = tracing('components/tracing.yaml')
    const { otel, ...others } = tracing('deploy/dapr/tracing.yaml')
    expect(others).toEqual(ours)
    for (const app of apps)
      expect(compose.services[app]?.environment?.OTEL_EXPORTER_OTLP_ENDPOINT).toBe(
        `http://${otel?.endpointAddress}`,
      )
  })

  it('lose what docs/observability.md says may be personal', () => {
    type Processors = { processors: { attributes: { actions: { key: string; action: string }[] } } }
    const { processors } = parse(read('deploy/observability/collector.yaml')) as Processors
    const page = /```yaml\n(processors:.*?)```/s.exec(read('docs/observability.md'))?.[1] ?? ''
    expect(processors.attributes.actions).toEqual(
      (parse(page) as Processors).processors.attributes.actions,
    )
  })
})

describe('Grafana, which is not run here', () => {
  const dockerfile = read('deploy/observability/Dockerfile')

  it('finds the dashboards where its image has them, in no volume', () => {
    type Providers = { providers: { options: { path: string } }[] }
    const { providers } = parse(
      read('deploy/grafana/provisioning/dashboards/sidecart.yml'),
    ) as Providers
    const paths = providers.map(({ options }) => options.path)
    expect(paths).toHaveLength(1)
    expect(dockerfile).toContain(`/files/grafana/dashboards ${paths[0]}\n`)
    const [volume] = compose.services.grafana?.volumes ?? []
    expect(paths[0]?.startsWith(volume?.split(':')[1] ?? '')).toBe(false)
  })

  it('asks Prometheus and Zipkin by the names and ports that they have', () => {
    type Sources = { datasources: { uid: string; url: string }[] }
    const sources = (file: string) => (parse(read(file)) as Sources).datasources
    const [prometheus, zipkin] = sources('deploy/observability/datasources.yml')
    const [onOneMachine] = sources('deploy/grafana/provisioning/datasources/prometheus.yml')
    expect(prometheus?.uid).toBe(onOneMachine?.uid)
    const text = read('docker-compose.observability.yml')
    expect(text).toContain(`--web.listen-address=${new URL(prometheus?.url ?? '').host}\n`)
    expect(read('deploy/observability/collector.yaml')).toContain(`${zipkin?.url}/api/v2/spans`)
  })
})

describe('images of the monitoring', () => {
  const dockerfile = read('deploy/observability/Dockerfile')
  const images = [...dockerfile.matchAll(/^ARG \w+_IMAGE=(\S+)$/gm)].map(([, image = '']) => image)
  const foreign = [...images, compose.services.zipkin?.image ?? ''].filter(
    (image) => !image.startsWith('node:'),
  )

  it('have a stand-in for machines without a registry, except Grafana', () => {
    const script = read('deploy/offline/images.sh')
    const without = foreign.filter((image) => !script.includes(`=${image}\n`))
    expect(without.map((image) => image.split(':')[0])).toEqual(['grafana/grafana'])
  })

  it('are those that the test of the containers asks for', () => {
    const engine = read('tests/deploy/engine.ts')
    expect(foreign.filter((image) => !engine.includes(`'${image}'`))).toEqual([])
  })

  it('start from the Node of the shop', () => {
    const [node] = /^ARG NODE_IMAGE=.*$/m.exec(read('deploy/Dockerfile')) ?? []
    expect(dockerfile).toContain(node)
  })
})
