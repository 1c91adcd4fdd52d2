import type { ServiceManifest } from '@sidecart/chassis/contract/manifest.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { withSection } from '@sidecart/platform/config/generated-section.ts'
import { gatewayApp } from '@sidecart/platform/config/instances.ts'
import { uses, usesBroker } from '@sidecart/platform/config/manifest.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { portsAt, providerPort } from '@sidecart/platform/config/ports.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { type GeneratedFiles, ifThere } from './generated-file.ts'

const file = 'docker-compose.yml'

/** docker-compose.yml: the containers, networks and volumes of each app and its sidecar. */
export const compose = (project: Project): GeneratedFiles => ({
  [file]: ifThere((before) => {
    const sections = {
      apps: manifests
        .flatMap((service) => [appOf(service, project), sidecarOf(service)])
        .join('\n'),
      secrets: manifests.map(secretsOf).join(''),
      networks: manifests
        .map(({ name }, index) => `  ${name}: ${index === 0 ? internal : '*internal'}\n`)
        .join(''),
      volumes: manifests.map(({ name }) => `  ${name}-app:\n  ${name}-sidecar:\n`).join(''),
    }
    const text = Object.entries(sections).reduce(
      (all, [name, part]) => withSection(file, all, name, part),
      before,
    )
    const databases = manifests.filter(({ database }) => database).map(({ name }) => name)
    return text.replace(
      /^( *networks: )\[.*\] # generated$/m,
      `$1[${[...databases, 'state'].join(', ')}] # generated`,
    )
  }),
})

export const internal = `&internal
    internal: true
    driver_opts: { com.docker.network.bridge.inhibit_ipv4: "true" }`

/** The image of all sidecars is built once, with the first of them. */
const sidecarBuild = '    build: { context: ., dockerfile: deploy/Dockerfile, target: sidecar }\n'

function appOf(service: ServiceManifest, project: Project): string {
  const { name, position, container = {} } = service
  const { app, http, grpc } = portsAt(position)
  const environment = {
    // clients reach the gateway, too
    ...(name === gatewayApp && { HOST: '0.0.0.0' }),
    ...environmentOf(name, project),
    ...container.environment,
  }
  return `  ${name}:
    <<: *service
    image: \${COMPOSE_PROJECT_NAME}-${name}
    build: { context: ., dockerfile: deploy/Dockerfile, target: service, args: { SERVICE: ${name} } }
${(container.ports ?? []).map((port) => `    ports: ["${port}"]\n`).join('')}    working_dir: /shop/services/${name}
    environment:
      <<: *environment
      APP_PORT: ${app}
      DAPR_HTTP_PORT: ${http}
      DAPR_GRPC_PORT: ${grpc}
${Object.entries(environment)
  .map(([variable, value]) => `      ${variable}: ${value}\n`)
  .join('')}    networks:
      ${name}: { aliases: [app] }
${networkLines(container.networks)}    volumes: ["${name}-app:/run/sidecart:ro"]
`
}

/** Returns the variables of an app's own in dapr.yaml, with the addresses of containers. */
export function environmentOf(name: string, { runFile }: Project): Record<string, string> {
  const appConfigs = readRunFile(runFile)
  const own = Object.entries(appConfigs.find(({ appId }) => appId === name)?.env ?? {}).filter(
    ([variable, value]) => appConfigs.some(({ env }) => env[variable] !== value),
  )
  return Object.fromEntries(
    own.map(([variable, value]) => [
      variable,
      value.replace(`127.0.0.1:${providerPort}`, `provider:${providerPort}`),
    ]),
  )
}

function sidecarOf(service: ServiceManifest): string {
  const { name, position } = service
  const { app, http, grpc, metrics } = portsAt(position)
  const networks = [
    ...(usesBroker(service) ? ['broker'] : []),
    ...(uses('statestore', service) ? ['state'] : []),
    ...(uses('email', service) ? ['mail'] : []),
  ]
  const broker = usesBroker(service) ? 'BROKER: "nats:4222", ' : ''
  return `  ${name}-dapr:
    <<: *sidecar
${name === gatewayApp ? sidecarBuild : ''}    working_dir: /shop/services/${name}
    environment: { <<: *daprd, APP_ID: ${name}, ${broker}DAPR_HTTP_PORT: ${http} }
    command: >-
      --app-port ${app} --dapr-http-port ${http} --dapr-grpc-port ${grpc} --metrics-port ${metrics}
      --config /shop/components/common/configuration/${name}.yaml
      --config /shop/deploy/dapr/names.yaml
    networks:
      ${name}: { aliases: [sidecar] }
      mesh: { aliases: [${name}.mesh] }
${networkLines(networks)}    volumes: ["${name}-sidecar:/shop/.sidecart:ro", "trust:/run/sidecart/trust:ro"]
`
}

const networkLines = (names: readonly string[] = []): string =>
  names.map((name) => `      ${name}:\n`).join('')

const secretsOf = ({ name }: ServiceManifest): string =>
  `      - ${name}-app:/run/sidecart/apps/${name}
      - ${name}-sidecar:/run/sidecart/sidecars/${name}
`
