import { readResources, streamsFor, uses } from '../../cli/components.ts'
import { readRunFile } from '../../cli/dapr-yaml.ts'
import { ensureDatabases } from '../../cli/databases.ts'
import { projectAt } from '../../cli/project.ts'
import { readSecrets } from '../../cli/secrets.ts'
import { ensureStream } from '../../runtime/nats.ts'

/** When database and broker run: makes what the sidecars expect to find. Safe to repeat. */
const project = projectAt()
const secrets = readSecrets(project)
const resources = readResources(
  readRunFile(project.runFile).flatMap((stanza) => stanza.resourcesPaths),
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
