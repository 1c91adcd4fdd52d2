import { expect, test } from 'vitest'
import { misfit, partNames, pins } from './versions.ts'

test.each(partNames)('the pinned %s fits', (name) => {
  expect(misfit(name, pins[name].version)).toBeUndefined()
})

test.each([
  ['daprd', '1.18.3'],
  ['daprd', '1.18.10'],
  ['daprd', 'v1.18.3'],
  ['dapr', '1.17.0'],
  ['dapr', '1.16.5'],
  ['nats-server', '2.11.0'],
  ['nats-server', '2.16.1'],
] as const)('%s %s fits', (name, version) => {
  expect(misfit(name, version)).toBeUndefined()
})

test.each([
  ['daprd', '1.18.2'],
  ['daprd', '1.17.9'],
  ['daprd', '1.19.0'],
  ['daprd', '2.18.2'],
  ['daprd', '1.18.3-rc.1'],
  ['daprd', 'edge'],
  ['daprd', ''],
  ['dapr', '1.16.4'],
  ['dapr', '2.0.0'],
  ['nats-server', '2.10.29'],
  ['nats-server', '3.0.0'],
] as const)('%s %s does not fit, and the reason is printed', (name, version) => {
  expect(misfit(name, version)).toMatch(
    new RegExp(`^version ${version || 'unknown'} does not fit: .+`),
  )
})
