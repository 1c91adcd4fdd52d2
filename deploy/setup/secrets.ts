import { join } from 'node:path'
import { ensureProjectAuthority } from '../../cli/authority.ts'
import { readRunFile } from '../../cli/dapr-yaml.ts'
import { readIfThere, writeWhole } from '../../cli/files.ts'
import { ensureIdentities, schedulerId } from '../../cli/identities.ts'
import { projectAt } from '../../cli/project.ts'
import { ensureSecrets, type Secrets } from '../../cli/secrets.ts'
import { appEnvFile, ensureAppTokens, ensureVariables } from '../../cli/variables.ts'
import { authorityWarning } from '../../runtime/authority.ts'

/**
 * Before anything else starts: makes up the secrets that are missing, as `npm start` does, and gives each kind of
 * container a volume with what it needs and no more. The sidecars' volume is `.sidecart`. Safe to repeat, and to be
 * repeated at least every two weeks: that renews what proves the sidecars' identities.
 */
const project = projectAt()
const secrets = withBroker(await ensureSecrets(project), process.env.BROKER_HOST ?? '')
writeWhole(project.secretsFile, `${JSON.stringify(secrets, null, 2)}\n`)
ensureVariables(project)
const apps = readRunFile(project.runFile).map(({ appId }) => appId)
await ensureIdentities(project, [...apps, schedulerId], { authority: '/volumes/authority' })
const made = ensureProjectAuthority(project, { dir: '/volumes/authority', nothingRuns: false })
const warning = authorityWarning(made)
if (warning) process.stderr.write(`! ${warning}\n`)
const { username, password } = new URL(secrets['broker-url'] ?? '')

for (const app of apps) {
  ensureAppTokens(project, app)
  give(`apps/${app}/env`, readIfThere(appEnvFile(project, app)) ?? '')
}
give(
  'broker/authorization.conf',
  `authorization { user: "${username}", password: "${password}" }\n`,
)
give('database/password', `${secrets['postgres-superuser']}\n`)
give('provider/env', `PROVIDER_API_KEY='${secrets['provider-api-key']}'\n`)
process.stdout.write('secrets are there\n')

/** The CLI knows the broker on this machine only; the password stays. */
function withBroker(all: Secrets, host: string): Secrets {
  const url = new URL(all['broker-url'] ?? '')
  url.host = host
  return { ...all, 'broker-url': url.href }
}

function give(file: string, content: string): void {
  writeWhole(join('/run/sidecart', file), content)
}
