import type { App } from '@sidecart/chassis/http/app.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { createMemorySidecar } from '@sidecart/testing/memory-sidecar.ts'
import type { TestTokens } from '@sidecart/testing/tokens.ts'
import { createGatewayApp, type GatewayPorts } from './app.ts'
import { shop } from './shop.ts'

/** Creates a gateway in front of apps in this process. */
export function gatewayTo(
  apps: Record<string, App>,
  tokens: TestTokens,
  ports: Partial<GatewayPorts> = {},
): App {
  const sidecar = createMemorySidecar()
  for (const [name, app] of Object.entries(apps)) sidecar.apps.set(name, app)
  return createGatewayApp({
    ...shop,
    sidecar,
    verify: tokens.verify,
    log: createLog('gateway', 'silent'),
    ratePerSecond: 1_000,
    maxInFlight: 100,
    origins: [],
    webRoot: '.',
    ...ports,
  })
}
