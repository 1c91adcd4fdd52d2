import { expect, test } from 'vitest'
import type { AppConfig } from './dapr-yaml.ts'
import { withInstances } from './instances.ts'

const appConfig = (appId: string, app: number) =>
  ({
    appId,
    name: appId,
    ports: { app, http: app + 1, grpc: app + 2, internal: app + 3, metrics: app + 4 },
  }) as AppConfig
const shop = [appConfig('gateway', 8080), appConfig('orders', 8084)]

test('one of each is what dapr.yaml says', () => {
  expect(withInstances(shop, {})).toEqual(shop)
})

test('further instances have a number, and ports of their own', () => {
  const orders = withInstances(shop, { instances: '3' }).filter(({ appId }) => appId === 'orders')
  expect(orders.map(({ name, ports }) => [name, ports.app, ports.metrics])).toEqual([
    ['orders', 8084, 8088],
    ['orders-2', 8104, 8108],
    ['orders-3', 8124, 8128],
  ])
})

test('the instances of the gateway leave its port to the front', () => {
  const gateways = withInstances(shop, { instances: '2' }).filter(
    ({ appId }) => appId === 'gateway',
  )
  expect(gateways.map(({ name, ports }) => [name, ports.app])).toEqual([
    ['gateway', 8100],
    ['gateway-2', 8120],
  ])
})

test('apps are scaled one by one; one gateway keeps its port', () => {
  const portsOf = (how: Parameters<typeof withInstances>[1]) =>
    withInstances(shop, how).map(({ name, ports }) => [name, ports.app])
  expect(portsOf({ scale: 'orders=2' })).toEqual([
    ['gateway', 8080],
    ['orders', 8084],
    ['orders-2', 8104],
  ])
  expect(portsOf({ instances: '2', scale: 'gateway=1' })).toEqual(portsOf({ scale: 'orders=2' }))
})

test.each([
  ['order=2', 'there is no app order, only gateway, orders'],
  ['orders', '--scale orders= takes a number from 1 to 4'],
  ['orders=0', '--scale orders= takes a number from 1 to 4, not 0'],
])('--scale %s is refused', (scale, message) => {
  expect(() => withInstances(shop, { scale })).toThrow(message)
})

test('instances that dapr.yaml names itself are not multiplied', () => {
  const two = [appConfig('orders', 8084), { ...appConfig('orders', 8094), name: 'orders-2' }]
  expect(() => withInstances(two, { instances: '2' })).toThrow(
    'dapr.yaml names further instances itself',
  )
})

test.each(['0', '1.5', 'two', '99'])('%s is no number of instances', (given) => {
  expect(() => withInstances(shop, { instances: given })).toThrow('--instances takes a number')
})
