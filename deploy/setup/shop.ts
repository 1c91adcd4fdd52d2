import { natsUsers } from '@sidecart/platform/config/app-secrets.ts'
import { type Resource, readResources } from '@sidecart/platform/config/components/components.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { ensureSecrets, type Secrets, writeSecrets } from '@sidecart/platform/config/secrets.ts'
import { natsConfig } from '@sidecart/platform/servers/nats.ts'

/**
 * Returns the apps and the secrets of a shop whose servers are elsewhere, and the configuration of its broker. Missing
 * secrets are made up and stored. `SIDECART_POSTGRES_URL` names the database server.
 *
 * @param brokerHost `host:port`; the platform knows the broker on this machine only
 */
export async function shopElsewhere(project: Project, brokerHost: string) {
  const appConfigs = readRunFile(project.runFile)
  const apps = appConfigs.map(({ appId }) => appId)
  const folders = new Set(appConfigs.flatMap(({ resourcesPaths }) => resourcesPaths))
  const resources = readResources([...folders])
  const all = await ensureSecrets(project)
  const broker = new URL(all['broker-url'] ?? '')
  broker.host = brokerHost
  const secrets: Secrets = { ...all, 'broker-url': broker.href }
  writeSecrets(project, secrets)
  const brokerConfig = brokerConfigOf(apps, resources, [secrets])
  return { appConfigs, apps, resources, secrets, brokerConfig }
}

/** Returns the configuration of a broker that accepts the logins of all these secrets. */
export function brokerConfigOf(
  apps: readonly string[],
  resources: readonly Resource[],
  accepted: readonly Secrets[],
): string {
  const users = accepted.flatMap((secrets) => natsUsers(apps, resources, secrets))
  const listening = { host: '0.0.0.0', port: 4222, monitorPort: 8222 }
  return natsConfig({ store: '/volumes/broker', ...listening, users })
}
