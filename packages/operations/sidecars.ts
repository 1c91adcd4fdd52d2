import { readResources } from '@sidecart/platform/config/components/components.ts'
import type { AppConfig } from '@sidecart/platform/config/dapr-yaml.ts'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { sidecarHealthy } from '@sidecart/platform/supervisor/apps.ts'

export type Loaded = {
  subscriptions: { pubsubname: string; topic: string }[]
  components: { name: string; type: string; version: string }[]
}

/**
 * Returns the resources loaded by each sidecar, by app id: the files in its folders whose scopes include the app. An
 * unhealthy sidecar is omitted; a healthy one has loaded all. The metadata API of the sidecars is closed.
 */
export async function askSidecars(
  project: Project,
  appConfigs: readonly AppConfig[],
): Promise<ReadonlyMap<string, Loaded>> {
  const found = new Map<string, Loaded>()
  await Promise.all(
    appConfigs.map(async ({ appId, ports, resourcesPaths }) => {
      if (await sidecarHealthy(ports.http, ensureAppTokens(project, appId)))
        found.set(appId, loadedBy(appId, resourcesPaths))
    }),
  )
  return found
}

function loadedBy(appId: string, folders: readonly string[]): Loaded {
  const inScope = readResources(folders).filter(
    ({ scopes }) => scopes.length === 0 || scopes.includes(appId),
  )
  const ofKind = (wanted: string) => inScope.filter(({ kind }) => kind === wanted)
  return {
    subscriptions: ofKind('Subscription').map(({ spec }) => ({
      pubsubname: String(spec.pubsubname),
      topic: String(spec.topic),
    })),
    components: ofKind('Component').map(({ metadata, spec }) => ({
      name: metadata.name,
      type: String(spec.type),
      version: String(spec.version),
    })),
  }
}
