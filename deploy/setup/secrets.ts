import { join } from 'node:path'
import { writeWhole } from '../../cli/files.ts'
import { projectAt } from '../../cli/project.ts'
import { ensureSecrets, type Secrets } from '../../cli/secrets.ts'
import { ensureVariables } from '../../cli/variables.ts'

/**
 * Before anything else starts: makes up the secrets that are missing, as `npm start` does, and gives each kind of
 * container a volume with what it needs and no more. The sidecars' volume is `.sidecart`.
 */
const project = projectAt()
const secrets = withBroker(await ensureSecrets(project), process.env.BROKER_HOST ?? '')
writeWhole(project.secretsFile, `${JSON.stringify(secrets, null, 2)}\n`)
const { APP_API_TOKEN, DAPR_API_TOKEN } = ensureVariables(project)
const { username, password } = new URL(secrets['broker-url'] ?? '')

give('apps/env', `APP_API_TOKEN='${APP_API_TOKEN}'\nDAPR_API_TOKEN='${DAPR_API_TOKEN}'\n`)
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
