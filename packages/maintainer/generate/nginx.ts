import { withSection } from '@sidecart/platform/config/generated-section.ts'
import { publicSegments } from '@sidecart/platform/config/manifest.ts'
import { inner } from '@sidecart/platform/config/manifests.ts'
import { type GeneratedFiles, ifThere } from './generated-file.ts'

const file = 'deploy/nginx/nginx.conf'

/** The paths of the API, which NGINX refuses without TLS instead of redirecting. */
export const nginx = (): GeneratedFiles => ({
  [file]: ifThere((before) => {
    const segments = [...inner.flatMap(publicSegments), ...ofGateway].sort()
    const lines = segments.map((segment) => `        ~^/${escaped(segment)}(/|$) 1;\n`)
    return withSection(file, before, 'services', lines.join(''))
  }),
})

/** Paths of the gateway that are no pages. */
const ofGateway = ['healthz', 'internal', 'metrics', 'openapi.json', 'operations', 'readyz']

const escaped = (segment: string): string => segment.replaceAll('.', String.raw`\.`)
