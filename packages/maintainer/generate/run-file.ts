import type { ServiceManifest } from '@sidecart/chassis/contract/manifest.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { portsAt } from '@sidecart/platform/config/ports.ts'
import type { GeneratedFiles } from './generated-file.ts'

type Entry = { app: string; text: string }

/**
 * dapr.yaml: an entry for each service, in the order of the positions, with its folder, ports and configuration.
 * `common`, all other lines of an entry, entries of further instances and entries of apps outside of `services/` are
 * kept.
 */
export const runFile = (): GeneratedFiles => ({
  'dapr.yaml': (before = '') => {
    const [head = '', ...rest] = before.split(/^(?= {2}- appID: )/m)
    const entries = rest.map((text) => ({ app: /appID: (\S+)/.exec(text)?.[1] ?? '', text }))
    const ofServices = manifests.flatMap((service) => entriesOf(service, entries))
    const others = entries.filter(({ text }) => !/^ {4}appDirPath: services\//m.test(text))
    return head + [...ofServices, ...others.map(({ text }) => text)].join('')
  },
})

function entriesOf(service: ServiceManifest, entries: readonly Entry[]): string[] {
  const [first, ...instances] = entries.filter(({ app }) => app === service.name)
  const text = first ? updated(first.text, service) : created(service)
  return [text, ...instances.map(({ text }) => text)]
}

/** The fields of an entry that follow from the manifest. */
function fieldsOf({ name, position }: ServiceManifest): Record<string, string | number> {
  const { app, http, grpc, internal, metrics } = portsAt(position)
  return {
    appDirPath: `services/${name}`,
    appPort: app,
    daprHTTPPort: http,
    daprGRPCPort: grpc,
    daprInternalGRPCPort: internal,
    metricsPort: metrics,
    configFilePath: `../../components/common/configuration/${name}.yaml`,
  }
}

const linesOf = (fields: readonly (readonly [string, string | number])[]): string =>
  fields.map(([field, value]) => `    ${field}: ${value}\n`).join('')

/** Returns an entry with the values of the manifest in place; missing fields are added at its top. */
function updated(text: string, service: ServiceManifest): string {
  const fields = Object.entries(fieldsOf(service))
  const missing = fields.filter(([field]) => !text.includes(`\n    ${field}: `))
  const [first = '', ...rest] = text.split(/(?<=\n)/)
  const lines = rest.map((line) => {
    const [, field = ''] = /^ {4}(\w+): /.exec(line) ?? []
    const known = fields.find(([name]) => name === field)
    return known ? linesOf([known]) : line
  })
  return [first, linesOf(missing), ...lines].join('')
}

const created = (service: ServiceManifest): string => `  - appID: ${service.name}
${linesOf(Object.entries(fieldsOf(service)))}    command: [../../node_modules/.bin/node, --env-file-if-exists=../../.sidecart/apps/${service.name}/env, main.ts]
`
