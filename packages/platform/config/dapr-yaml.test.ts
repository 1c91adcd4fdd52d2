import fc from 'fast-check'
import { expect, test } from 'vitest'
import { appConfigsOf, appEnvironment, daprdArguments } from './dapr-yaml.ts'
import { UserError } from './project.ts'

const app = (id: string, first: number, more = '') => `
  - appID: ${id}
    appDirPath: services/${id}
    appPort: ${first}
    daprHTTPPort: ${first + 1}
    daprGRPCPort: ${first + 2}
    daprInternalGRPCPort: ${first + 3}
    metricsPort: ${first + 4}
    configFilePath: ../../config/${id}.yaml
    command: [node, main.ts]${more}`

const file = (...apps: string[]) => `version: 1
common:
  resourcesPaths: [components/common]
  logLevel: warn
  env: { HOST: 127.0.0.1, LOG_LEVEL: info }
apps:${apps.join('')}`

test('an app takes what is common, and its own settings win', () => {
  const own = '\n    logLevel: debug\n    env: { LOG_LEVEL: trace }'
  const [orders] = appConfigsOf(file(app('orders', 8000, own)), '/shop')
  expect(orders?.settings.logLevel).toBe('debug')
  expect(orders?.env).toEqual({ HOST: '127.0.0.1', LOG_LEVEL: 'trace' })
})

test('paths in common are relative to the file, those of an app to its folder', () => {
  const [orders] = appConfigsOf(file(app('orders', 8000)), '/shop')
  expect(orders?.directory).toBe('/shop/services/orders')
  expect(orders?.configFile).toBe('/shop/config/orders.yaml')
  expect(orders?.resourcesPaths).toEqual(['/shop/components/common'])
})

test('two appConfigs with one id are two instances with names of their own', () => {
  const appConfigs = appConfigsOf(file(app('orders', 8000), app('orders', 8100)), '/shop')
  expect(appConfigs.map(({ appId, name }) => [appId, name])).toEqual([
    ['orders', 'orders'],
    ['orders', 'orders-2'],
  ])
})

test('every field that is missing or wrong is named', () => {
  const wrong = file(app('orders', 8000)).replace('appPort: 8000', 'appPort: many\n    colour: red')
  expect(() => appConfigsOf(wrong, '/shop')).toThrow(/apps\.0\.appPort[\s\S]*colour/)
  expect(() => appConfigsOf('version: 1', '/shop')).toThrow(/apps/)
  expect(() => appConfigsOf(': no yaml :', '/shop')).toThrow()
})

test('the address of the scheduler is not a setting', () => {
  const given = file(app('orders', 8000)).replace(
    'appPort: 8000',
    'appPort: 8000\n    schedulerHostAddress: localhost:50006',
  )
  expect(() => appConfigsOf(given, '/shop')).toThrow('schedulerHostAddress')
})

test('a port can be given only once', () => {
  const twice = file(app('orders', 8000), app('carts', 8004))
  expect(() => appConfigsOf(twice, '/shop')).toThrow('port 8004 is given to both orders and carts')
})

test('an app without resources is refused, because daprd would start empty', () => {
  const without = file(app('orders', 8000)).replace('resourcesPaths', 'daprdLogDestination: file #')
  expect(() => appConfigsOf(without, '/shop')).toThrow(
    'orders needs configFilePath and resourcesPaths',
  )
})

test('daprd gets what `dapr run` would pass, and stays on this machine', () => {
  const [orders] = appConfigsOf(file(app('orders', 8000)), '/shop')
  if (!orders) throw new Error('no appConfig')
  const line = daprdArguments(orders, 'localhost:3900', '127.0.0.1:3910').join(' ')
  expect(line).toContain('--app-id orders')
  expect(line).toContain('--app-port 8000 --app-protocol http --dapr-http-port 8001')
  expect(line).toContain('--dapr-internal-grpc-listen-address 127.0.0.1')
  expect(line).toContain('--enable-mtls --sentry-address localhost:3900')
  expect(line).toContain('--resources-path /shop/components/common')
  expect(line).not.toContain('undefined')
  expect(line).not.toContain('--placement-host-address')
})

test('an app learns its ports as it would from `dapr run`', () => {
  const [orders] = appConfigsOf(file(app('orders', 8000)), '/shop')
  expect(orders && appEnvironment(orders)).toMatchObject({
    APP_ID: 'orders',
    APP_PORT: '8000',
    DAPR_HTTP_PORT: '8001',
    DAPR_GRPC_PORT: '8002',
    HOST: '127.0.0.1',
  })
})

test('whatever a run file holds is read, or refused with a message', { timeout: 60_000 }, () => {
  const text = file(app('orders', 8000), app('carts', 8100))
  const damaged = fc
    .tuple(fc.nat(text.length), fc.nat(30), fc.string({ maxLength: 8 }))
    .map(([at, length, other]) => text.slice(0, at) + other + text.slice(at + length))
  fc.assert(
    fc.property(fc.oneof(damaged, fc.json(), fc.string({ unit: 'binary' })), (text) => {
      try {
        for (const { appId, ports } of appConfigsOf(text, '/shop'))
          expect([typeof appId, ports.app > 0]).toEqual(['string', true])
      } catch (error) {
        expect(error).toBeInstanceOf(UserError)
      }
    }),
    { numRuns: 500 },
  )
})
