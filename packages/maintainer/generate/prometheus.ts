import { withSection } from '@sidecart/platform/config/generated-section.ts'
import { inner, manifests } from '@sidecart/platform/config/manifests.ts'
import { portsAt } from '@sidecart/platform/config/ports.ts'
import { type GeneratedFiles, ifThere } from './generated-file.ts'

const file = 'deploy/prometheus/prometheus.yml'

/** The scrape targets of Prometheus: each app behind the gateway, and each sidecar. */
export const prometheus = (): GeneratedFiles => ({
  [file]: ifThere((before) => {
    const apps = inner.map(({ name, position }) => target(name, portsAt(position).app))
    const sidecars = manifests.map(({ name, position }) => target(name, portsAt(position).metrics))
    const withApps = withSection(file, before, 'services', apps.join(''))
    return withSection(file, withApps, 'sidecars', sidecars.join(''))
  }),
})

const target = (service: string, port: number): string =>
  `      - { targets: ["127.0.0.1:${port}"], labels: { service: ${service} } }\n`
