import { Fault } from '@sidecart/chassis/core/errors.ts'
import { createDaprSidecar } from '@sidecart/chassis/sidecar/dapr-sidecar.ts'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { sidecarSuite } from '@sidecart/testing/sidecar.suite.ts'
import { expect, it } from 'vitest'
import { root, secrets } from './client.ts'
import { appConfigs } from './shop.ts'

/** The sidecar of a service, used as the service itself would. */
function besideOf(name: string) {
  const appConfig = appConfigs.find(({ appID }) => appID === name)
  if (!appConfig) throw new Error(`no ${name} in dapr.yaml`)
  return createDaprSidecar({
    httpPort: appConfig.daprHTTPPort,
    grpcPort: appConfig.daprGRPCPort,
    apiToken: ensureAppTokens(projectAt(root), name).DAPR_API_TOKEN,
  })
}

// carts: optional
sidecarSuite('the Dapr sidecar', async () => ({
  state: besideOf('carts').state,
  invoke: besideOf('gateway').invoke,
  reachable: { app: 'catalog', found: '/categories', missing: '/products/NO-SUCH-THING' },
  secret: besideOf('orders').secret,
  known: { name: 'orders-database', value: secrets()['orders-database'] ?? '' },
}))
// /carts

it('a service may not read the secrets of another', async () => {
  await expect(besideOf('orders').secret('payments-database')).rejects.toBeInstanceOf(Fault)
})

it('a service may not call what its policy does not name', async () => {
  const call = {
    app: 'payments',
    method: 'PUT',
    path: '/internal/charges/018f0000-0000-7000-8000-0000000000ff',
  }
  await expect(besideOf('gateway').invoke(call)).rejects.toMatchObject({ code: 'denied' })
})

it('a service may not keep state, publish events or send mail that are not its own', async () => {
  const stranger = besideOf('users')
  await expect(stranger.state.save('key', {})).rejects.toBeInstanceOf(Fault)
  await expect(
    stranger.bind('email', 'create', 'text', { emailTo: 'a@example.com', subject: 's' }),
  ).rejects.toBeInstanceOf(Fault)
  const event = {
    id: '1',
    source: 'users',
    type: 'orders-placed-v1',
    specversion: '1.0',
    datacontenttype: 'application/json',
    data: {},
  } as const
  const published = await stranger
    .publish('orders-placed-v1', [event])
    .catch(() => ({ failed: ['1'] }))
  expect(published.failed).toEqual(['1'])
})
