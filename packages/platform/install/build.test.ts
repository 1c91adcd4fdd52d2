import { expect, test } from 'vitest'
import { buildGroups } from './build.ts'
import { partNames } from './versions.ts'

test("Dapr's programs are built in one pass, the tools each in their own", () => {
  expect(buildGroups(partNames)).toEqual([
    ['daprd', 'sentry', 'scheduler'],
    ['dapr'],
    ['nats-server'],
  ])
})

test('only what is missing is built', () => {
  expect(buildGroups(['nats-server', 'sentry'])).toEqual([['sentry'], ['nats-server']])
  expect(buildGroups([])).toEqual([])
})
