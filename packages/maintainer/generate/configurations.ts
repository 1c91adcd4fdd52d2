import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ComponentName, ServiceManifest } from '@sidecart/chassis/contract/manifest.ts'
import { callersOf, operationsFor } from '@sidecart/platform/config/access-control.ts'
import { withSection } from '@sidecart/platform/config/generated-section.ts'
import { gatewayApp } from '@sidecart/platform/config/instances.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import type { GeneratedFiles } from './generated-file.ts'

const folder = 'components/common/configuration'

/** The configuration of each sidecar: open APIs, readable secrets, access list. Other settings are kept. */
export function configurations({ root }: Project): GeneratedFiles {
  const names = readdirSync(join(root, folder)).map((file) => file.replace('.yaml', ''))
  const gone = names.filter((name) => !manifests.some((service) => service.name === name))
  const likeGateway = (name: string) =>
    readFileSync(join(root, folder, `${gatewayApp}.yaml`), 'utf8').replace(
      `name: ${gatewayApp} `,
      `name: ${name} `,
    )
  return Object.fromEntries([
    ...gone.map((name) => [`${folder}/${name}.yaml`, () => undefined]),
    ...manifests.map((service) => {
      const file = `${folder}/${service.name}.yaml`
      const part = apisOf(service) + secretsOf(service) + accessControlOf(service)
      return [
        file,
        (before = likeGateway(service.name)) => withSection(file, before, 'access', part),
      ]
    }),
  ])
}

const statesIn: readonly ComponentName[] = ['statestore', 'cache']

function apisOf({ database, publishes = {}, secrets = [], components = [] }: ServiceManifest) {
  const sendsMail = components.includes('email')
  const apis = [
    // every service fetches the keys of access tokens, or serves them
    'invoke, version: v1, protocol: http }',
    Object.keys(publishes).length > 0 && 'publish, version: v1, protocol: http }',
    (database || secrets.length > 0) && 'secrets, version: v1, protocol: http }',
    components.some((name) => statesIn.includes(name)) && 'state, version: v1, protocol: http }',
    !sendsMail && 'invoke, version: v1, protocol: grpc }',
    sendsMail && 'bindings, version: v1, protocol: grpc }',
    sendsMail &&
      'metadata, version: v1, protocol: grpc } # the SDK waits for its answer before it sends',
  ]
  const lines = apis.filter(Boolean).map((api) => `      - { name: ${api}\n`)
  return `  # The APIs of this sidecar that its app uses; all others are closed. gRPC needs an entry, or all of it would be open.
  api:
    allowed:
${lines.join('')}`
}

function secretsOf({ name, database, secrets = [] }: ServiceManifest): string {
  return `  secrets:
    scopes:
      - storeName: secrets
        defaultAccess: deny
        allowedSecrets: [${[...(database ? [`${name}-database`] : []), ...secrets].join(', ')}]
`
}

function accessControlOf({ name: callee }: ServiceManifest): string {
  const policies = Object.entries(callersOf(callee)).map(([caller, routes]) => {
    const operations = operationsFor(routes).map(
      ({ name, verbs }) =>
        `          - { name: "${name}", httpVerb: [${verbs.join(', ')}], action: allow }\n`,
    )
    return `      - appId: ${caller}
        namespace: default
        trustDomain: public
        defaultAction: deny
        operations:
${operations.join('')}`
  })
  return `  # Who may call what here; everything else is refused with 403.
  accessControl:
    defaultAction: deny
    trustDomain: public
    policies:${policies.length === 0 ? ' [] # nobody calls the gateway' : ''}
${policies.join('')}`
}
