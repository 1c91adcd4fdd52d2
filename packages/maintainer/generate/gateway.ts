import { publicRoutes, publicSegments } from '@sidecart/platform/config/manifest.ts'
import { inner } from '@sidecart/platform/config/manifests.ts'
import { type GeneratedFiles, writtenBy } from './generated-file.ts'

/** The routes of the gateway: which service owns a path, and which need no access token. */
export const gatewayRoutes = (): GeneratedFiles => ({
  'services/gateway/routes.ts': () => `// ${writtenBy} from services/*/service.ts.

/** Owning service by first segment of a public path. Unlisted segments do not exist for clients. */
export const owners: Record<string, string> = {
${inner.flatMap((service) => publicSegments(service).map((segment) => `  ${keyOf(segment)}: '${service.name}',\n`)).join('')}}

/** Public routes without \`security\` in their contract: allowed without an access token. */
export const openRoutes: readonly (readonly [method: string, path: string])[] = [
${inner
  .flatMap(publicRoutes)
  .filter(({ security = [] }) => security.length === 0)
  .map(({ method, path }) => `  ['${method.toUpperCase()}', '${path}'],\n`)
  .join('')}]
`,
})

const keyOf = (segment: string): string => (/^[a-z]+$/.test(segment) ? segment : `'${segment}'`)
