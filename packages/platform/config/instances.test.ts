import { expect, test } from 'vitest'
import type { AppConfig } from './dapr-yaml.ts'
import { instancesOf, withInstances } from './instances.ts'

const appConfig = (appId: string, app: number) =>
  ({
    appId,
    name: appId,
    ports: { app, http: app + 1, grpc: app + 2, internal: app + 3, metrics: app + 4 },
  }) as AppConfig
const shop = [appConfig('gateway', 8080), appConfig('orders', 8084)]

test('one of each is what dapr.yaml says', () => {
  expect(withInstances(shop, instancesOf(undefined))).toEqual(shop)
})

test('further instances have a number, and ports of their own', () => {
  const orders = withInstances(shop, instancesOf('3')).filter(({ appId }) => appId === 'orders')
  expect(orders.map(({ name, ports }) => [name, ports.app, ports.metrics])).toEqual([
    ['orders', 8084, 8088],
    ['orders-2', 8104, 8108],
    ['orders-3', 8124, 8128],
  ])
})

test('the instances of the gateway leave its port to the front', () => {
  const gateways = withInstances(shop, 2).filter(({ appId }) => appId === 'gateway')
  expect(gateways.map(({ name, ports }) => [name, ports.app])).toEqual([
    ['gateway', 8100],
    ['gateway-2', 8120],
  ])
})

test('instances that dapr.yaml names itself are not multiplied', () => {
  const two = [appConfig('orders', 8084), { ...appConfig('orders', 8094), name: 'orders-2' }]
  expect(() => withInstances(two, 2)).toThrow('dapr.yaml names further instances itself')
})

test.each(['0', '1.5', 'two', '99'])('%s is no number of instances', (given) => {
  expect(() => instancesOf(given)).toThrow('--instances takes a number')
})
