import { join } from 'node:path'
import { secretsFor } from '@sidecart/platform/config/app-secrets.ts'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { shopElsewhere } from './shop.ts'

/**
 * Prints the Secrets of the shop for `kubectl apply --filename -`: for each app its tokens, and what its sidecar may read.
 * They are made up at the first call, and kept in `.sidecart/kubernetes`, which git ignores. `SIDECART_POSTGRES_URL` and
 * `BROKER_HOST` name servers other than those of the overlay `dev`.
 */
process.env.SIDECART_POSTGRES_URL ??= 'postgres://postgres:5432'
const root = join(import.meta.dirname, '../..')
const project = projectAt(root, { home: join(root, '.sidecart/kubernetes') })
const { appConfigs, resources, secrets, brokerConfig } = await shopElsewhere(
  project,
  process.env.BROKER_HOST ?? 'nats:4222',
)
const items = [
  ...appConfigs.flatMap((appConfig) => {
    const { appId } = appConfig
    const { APP_API_TOKEN, DAPR_API_TOKEN } = ensureAppTokens(project, appId)
    const theirs = secretsFor({ appConfig, resources, secrets })
    const database = theirs[`${appId}-database`]
    return [
      secret(`${appId}-app-token`, { token: APP_API_TOKEN }),
      secret(`${appId}-dapr-token`, { token: DAPR_API_TOKEN }),
      secret(`${appId}-sidecar`, {
        'secrets.json': JSON.stringify(theirs),
        ...(database && { 'database-url': database }),
      }),
    ]
  }),
  // of the servers, and of set-up, in the overlay `dev`
  secret('all-secrets', { 'secrets.json': JSON.stringify(secrets) }),
  secret('nats', { 'nats.conf': brokerConfig }),
  secret('postgres', { password: secrets['postgres-superuser'] ?? '' }),
  secret('provider', { 'api-key': secrets['provider-api-key'] ?? '' }),
]
process.stdout.write(`${JSON.stringify({ apiVersion: 'v1', kind: 'List', items })}\n`)

function secret(name: string, stringData: Record<string, string>) {
  const metadata = { name, labels: { 'app.kubernetes.io/part-of': 'sidecart' } }
  return { apiVersion: 'v1', kind: 'Secret', metadata, stringData }
}
