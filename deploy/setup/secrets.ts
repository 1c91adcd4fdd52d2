import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { secretsFor } from '@sidecart/platform/config/app-secrets.ts'
import {
  ensureAppTokens,
  ensureVariables,
  type Variables,
} from '@sidecart/platform/config/environment.ts'
import { readIfThere, writeWhole } from '@sidecart/platform/config/files.ts'
import {
  ensureIdentities,
  identityFile,
  schedulerId,
} from '@sidecart/platform/config/identities.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { ensureProjectAuthority } from '@sidecart/platform/config/trust-anchors.ts'
import { authorityWarning } from '@sidecart/platform/servers/authority.ts'
import { shopElsewhere } from './shop.ts'

/**
 * Before anything else starts: makes up the secrets that are missing, as `npm start` does, and gives each container that
 * needs some a volume with these and no others. All of them stay in the volume of set-up. Safe to repeat: that renews
 * what ends: the proofs of the identities of sidecars after 30 days, sentry's certificate after a year.
 */
const project = projectAt()
const authority = '/volumes/authority'
const { appConfigs, apps, resources, secrets, brokerConfig } = await shopElsewhere(
  project,
  process.env.BROKER_HOST ?? '',
)
await ensureIdentities(project, [...apps, schedulerId], { authority })
copyFileSync(join(project.root, 'components/sentry.yaml'), join(authority, 'sentry.yaml'))
const warning = authorityWarning(
  ensureProjectAuthority(project, { dir: authority, nothingRuns: false }),
)
if (warning) process.stderr.write(`! ${warning}\n`)
give('trust/ca.crt', readIfThere(join(authority, 'ca.crt')) ?? '', 0o644)

const { DAPR_HOST_IP: _, ...shared } = ensureVariables(project)
for (const appConfig of appConfigs) {
  const { appId } = appConfig
  const tokens = ensureAppTokens(project, appId)
  const theirs = secretsFor({ appConfig, resources, secrets })
  give(`apps/${appId}/env`, asLines(tokens))
  give(`sidecars/${appId}/env`, asLines({ ...shared, ...tokens }))
  give(`sidecars/${appId}/identity.jwt`, identityOf(appId))
  give(`sidecars/${appId}/secrets.json`, `${JSON.stringify(theirs, null, 2)}\n`)
}
give('scheduler/identity.jwt', identityOf(schedulerId))
give('broker/nats.conf', brokerConfig)
// The only reader is the user of PostgreSQL, who is another.
give('database/password', `${secrets['postgres-superuser']}\n`, 0o644)
give('provider/env', asLines({ PROVIDER_API_KEY: secrets['provider-api-key'] ?? '' }))
process.stdout.write('secrets are there\n')

function identityOf(name: string): string {
  return readIfThere(identityFile(project, name)) ?? ''
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
