import { callersOf } from '@sidecart/platform/config/access-control.ts'
import { gatewayApp } from '@sidecart/platform/config/instances.ts'
import { publicRoutes, publicSegments } from '@sidecart/platform/config/manifest.ts'
import { inner } from '@sidecart/platform/config/manifests.ts'
import { type GeneratedFiles, writtenBy } from './generated-file.ts'

/** The routes of the gateway: which service owns a path, which need no access token, and how paths are named. */
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

/** Templates of all paths that are passed on: they name spans and metrics, because paths would be without number. */
export const templates: readonly string[] = [
${passedOn()
  .map((path) => `  '${path}',\n`)
  .join('')}]
`,
})

const passedOn = (): string[] => {
  const routes = inner.flatMap(({ name }) => callersOf(name)[gatewayApp] ?? [])
  const paths = routes.map(({ path }) => path).filter((path) => !path.startsWith('/internal/'))
  return [...new Set(paths)].sort()
}

const keyOf = (segment: string): string => (/^[a-z]+$/.test(segment) ? segment : `'${segment}'`)
