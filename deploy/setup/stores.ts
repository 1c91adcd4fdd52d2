import { readResources, streamsFor, uses } from '@sidecart/platform/config/components/components.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { ensureDatabases } from '@sidecart/platform/config/databases.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { readSecrets } from '@sidecart/platform/config/secrets.ts'
import { ensureStream } from '@sidecart/platform/servers/nats/streams.ts'

/** When database and broker run: makes what the sidecars expect to find. Safe to repeat. */
const project = projectAt()
const secrets = readSecrets(project)
const resources = readResources(
  readRunFile(project.runFile).flatMap((appConfig) => appConfig.resourcesPaths),
)

const admin = new URL(process.env.SIDECART_POSTGRES_URL ?? '')
admin.username = 'postgres'
admin.password = secrets['postgres-superuser'] ?? ''
admin.pathname = '/postgres'
await ensureDatabases(admin.href, secrets)
process.stdout.write('databases are there\n')

if (uses('pubsub.jetstream', resources)) {
  const { host: url, username: user, password } = new URL(secrets['broker-url'] ?? '')
  for (const stream of streamsFor(resources)) await ensureStream({ url, user, password, ...stream })
  process.stdout.write('streams are there\n')
}
