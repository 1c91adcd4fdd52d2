import { join } from 'node:path'
import { secretsFor } from '@sidecart/platform/config/app-secrets.ts'
import {
  ensureAppTokens,
  ensureVariables,
  type Variables,
} from '@sidecart/platform/config/environment.ts'
import { readIfThere, writeWhole } from '@sidecart/platform/config/files.ts'
import { identityFile, schedulerId } from '@sidecart/platform/config/identity/identities.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import type { shopElsewhere } from './shop.ts'

/** The volume of sentry: certificates, and the public keys of identities. */
export const authority = '/volumes/authority'

/** Gives each container that needs secrets a volume with these and no others. */
export function distribute(
  project: Project,
  { appConfigs, resources, secrets, brokerConfig }: Awaited<ReturnType<typeof shopElsewhere>>,
): void {
  give('trust/ca.crt', readIfThere(join(authority, 'ca.crt')) ?? '', 0o644)
  const { DAPR_HOST_IP: _, ...shared } = ensureVariables(project)
  for (const appConfig of appConfigs) {
    const { appId } = appConfig
    const tokens = ensureAppTokens(project, appId)
    const theirs = secretsFor({ appConfig, resources, secrets })
    give(`apps/${appId}/env`, asLines(tokens))
    const { METRICS_TOKEN, ...ofSidecar } = tokens
    give(`sidecars/${appId}/env`, asLines({ ...shared, ...ofSidecar }))
    // The only reader is the user of Prometheus, who is another.
    give(`metrics/${appId}`, METRICS_TOKEN, 0o644)
    give(`sidecars/${appId}/identity.jwt`, identityOf(appId))
    give(`sidecars/${appId}/secrets.json`, `${JSON.stringify(theirs, null, 2)}\n`)
  }
  give('scheduler/identity.jwt', identityOf(schedulerId))
  give('broker/nats.conf', brokerConfig)
  // The only reader is the user of PostgreSQL, who is another.
  give('database/password', `${secrets['postgres-superuser']}\n`, 0o644)
  give('provider/env', asLines({ PROVIDER_API_KEY: secrets['provider-api-key'] ?? '' }))

  function identityOf(name: string): string {
    return readIfThere(identityFile(project, name)) ?? ''
  }
}

/** For a shell, and for `node --env-file`. */
function asLines(variables: Variables): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('')
}

function give(file: string, content: string, mode?: number): void {
  writeWhole(join('/run/sidecart', file), content, mode)
}
