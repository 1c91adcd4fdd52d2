import { completed } from '@sidecart/platform/config/secrets.ts'
import { describe, expect, it } from 'vitest'
import { documents, filesBelow, foldersIn, read } from './tree.ts'

/* Each sidecar opens only the APIs used by the code of its app, and allows only the secrets named
   there. */

type Api = { name: string; version: string; protocol: string }
type Spec = {
  api: { allowed: Api[] }
  secrets: { scopes: { storeName: string; defaultAccess: string; allowedSecrets: string[] }[] }
}

const services = foldersIn('services')

const codeOf = (service: string): string =>
  filesBelow(`services/${service}`, /\.ts$/)
    .filter((path) => !/\.test\.ts$|\/testing\.ts$|\/sandbox\//.test(path))
    .map(read)
    .join('\n')

/** Patterns of sidecar use in the code of a service, and the API needed for each. */
const uses: [RegExp, Api][] = [
  // each service fetches the token keys from users, or serves them
  [/\bstartService\(/, { name: 'invoke', version: 'v1', protocol: 'http' }],
  [/\bcreateOutboxRelay\(/, { name: 'publish', version: 'v1', protocol: 'http' }],
  [/\bsidecar\.secret\b/, { name: 'secrets', version: 'v1', protocol: 'http' }],
  [
    /\{ state \} = service\.sidecar|\bsidecar\.(state|store)\b/,
    { name: 'state', version: 'v1', protocol: 'http' },
  ],
  [/\bsidecar\.bind\(/, { name: 'bindings', version: 'v1', protocol: 'grpc' }],
  // the SDK waits for a metadata response before sending
  [/\bsidecar\.bind\(/, { name: 'metadata', version: 'v1', protocol: 'grpc' }],
]

/**
 * Without any gRPC entry, Dapr would open all of gRPC. An app without gRPC use gets only this API.
 */
const smallest = { name: 'invoke', version: 'v1', protocol: 'grpc' }

function neededBy(code: string): Api[] {
  const needed = uses.filter(([pattern]) => pattern.test(code)).map(([, api]) => api)
  return needed.some(({ protocol }) => protocol === 'grpc') ? needed : [...needed, smallest]
}

const specOf = (service: string): Spec => {
  const [configuration] = documents(`components/common/configuration/${service}.yaml`)
  return configuration?.spec as Spec
}

const shown = (apis: readonly Api[]) =>
  apis.map(({ name, version, protocol }) => `${name} ${version} ${protocol}`).toSorted()

describe.each(services)('the sidecar of %s', (service) => {
  const code = codeOf(service)

  it('opens the APIs that its code uses, and no other', () => {
    expect(shown(specOf(service).api.allowed)).toEqual(shown(neededBy(code)))
  })

  it('allows the secrets that its code names, and no other', async () => {
    const generated = Object.keys(await completed({}, 'postgres://127.0.0.1'))
    const named = generated.filter((name) => code.includes(`'${name}'`))
    const { scopes } = specOf(service).secrets
    expect(scopes).toEqual([
      { storeName: 'secrets', defaultAccess: 'deny', allowedSecrets: expect.any(Array) },
    ])
    expect(scopes[0]?.allowedSecrets.toSorted()).toEqual(named.toSorted())
  })

  it('is used in no way that is unknown here', () => {
    const ways = [...code.matchAll(/\bsidecar\.(\w+)/g)].map(([, way = '']) => way)
    const known = ['invoke', 'publish', 'secret', 'state', 'store', 'bind', 'ready']
    // imports from the chassis folder `sidecar` are not uses
    const unknown = ways.filter((way) => !known.includes(way) && way !== 'ts')
    expect(unknown).toEqual([])
  })
})

it('no configuration is of an app that has gone', () => {
  const named = filesBelow('components/common/configuration', /\.yaml$/).map((path) =>
    path.replace(/.*\/|\.yaml$/g, ''),
  )
  expect(named).toEqual(services)
})
