import { join } from 'node:path'
import { readResources, streamsFor, uses } from '../../cli/components.ts'
import { readRunFile } from '../../cli/dapr-yaml.ts'
import { ensureDatabases } from '../../cli/databases.ts'
import { readIfThere, writeWhole } from '../../cli/files.ts'
import { projectAt } from '../../cli/project.ts'
import { readSecrets } from '../../cli/secrets.ts'
import { ensureVariables } from '../../cli/variables.ts'
import { ensureStream } from '../../runtime/nats.ts'
import { until } from '../../runtime/processes.ts'

/** When database, broker and certificate authority run: makes what the sidecars expect to find. Safe to repeat. */
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

const anchors = await until(() => readIfThere('/volumes/authority/ca.crt'), {
  timeoutMs: 60_000,
  what: 'the certificate authority',
})
writeWhole(join(project.certificates, 'ca.crt'), anchors)
ensureVariables(project)
process.stdout.write('trust anchors are there\n')
