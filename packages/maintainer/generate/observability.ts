import type { ServiceManifest } from '@sidecart/chassis/contract/manifest.ts'
import { withSection } from '@sidecart/platform/config/generated-section.ts'
import { gatewayApp } from '@sidecart/platform/config/instances.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { portsAt } from '@sidecart/platform/config/ports.ts'
import { internal } from './compose.ts'
import { type GeneratedFiles, ifThere } from './generated-file.ts'

const composeFile = 'docker-compose.observability.yml'
const scrapeFile = 'deploy/observability/prometheus.yml'

/** Port of an app's metrics in its container. */
const metricsPort = 9464

const lines = (line: (service: ServiceManifest) => string): string => manifests.map(line).join('')

const networkOf = ({ name }: ServiceManifest) => `${name}-monitoring`

/** The containers that watch the shop: how they reach each app and its sidecar, and what they scrape. */
export const observability = (): GeneratedFiles => ({
  [composeFile]: ifThere((before) =>
    withSections(composeFile, before, {
      apps: manifests.map(monitored).join('\n'),
      prometheus: lines((service) => `      ${networkOf(service)}:\n`),
      collector: lines((service) => `      ${networkOf(service)}:\n`),
      networks: manifests
        .map(
          (service, index) => `  ${networkOf(service)}: ${index === 0 ? internal : '*internal'}\n`,
        )
        .join(''),
    }),
  ),
  [scrapeFile]: ifThere((before) =>
    withSections(scrapeFile, before, {
      apps: lines(
        ({ name }) => `  - job_name: ${name}
    authorization: { credentials_file: /run/sidecart/metrics/${name} }
    static_configs:
      - { targets: ["${name}.metrics:${metricsPort}"], labels: { job: ${name === gatewayApp ? gatewayApp : 'services'}, service: ${name} } }
`,
      ),
      sidecars: lines(
        ({ name, position }) =>
          `      - { targets: ["${name}-dapr.metrics:${portsAt(position).metrics}"], labels: { service: ${name} } }\n`,
      ),
    }),
  ),
})

const withSections = (file: string, text: string, sections: Record<string, string>): string =>
  Object.entries(sections).reduce((all, [name, part]) => withSection(file, all, name, part), text)

function monitored(service: ServiceManifest): string {
  const { name } = service
  const network = (container: string) =>
    `    networks: { ${networkOf(service)}: { aliases: [${container}.metrics] } }\n`
  return `  ${name}:
    environment: { <<: *app, METRICS_HOST: ${name}.metrics }
${network(name)}
  ${name}-dapr:
    environment: { <<: *sidecar, METRICS_HOST: ${name}-dapr.metrics, OTEL_SERVICE_NAME: ${name}-sidecar }
${network(`${name}-dapr`)}`
}
