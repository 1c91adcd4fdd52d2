import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import type { Probe } from './driver/protocol.ts'

const path = '/.well-known/jwks.json'

/**
 * Returns two probes: the same small request from the gateway to `users`, once through both
 * sidecars and once directly. The difference is the cost of the sidecars per hop.
 */
export function hopProbes(project: Project): Probe[] {
  const { DAPR_API_TOKEN } = ensureAppTokens(project, 'gateway')
  const { APP_API_TOKEN } = ensureAppTokens(project, 'users')
  const portsOf = (app: string) =>
    readRunFile(project.runFile).find(({ appId }) => appId === app)?.ports
  return [
    {
      name: 'through sidecars',
      url: `http://127.0.0.1:${portsOf('gateway')?.http}${path}`,
      headers: { 'dapr-app-id': 'users', 'dapr-api-token': DAPR_API_TOKEN },
    },
    {
      name: 'past sidecars',
      url: `http://127.0.0.1:${portsOf('users')?.app}${path}`,
      headers: { 'dapr-api-token': APP_API_TOKEN },
    },
  ]
}
