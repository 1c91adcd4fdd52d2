import { expect, test } from 'vitest'
import type { Step } from '../results.ts'
import { rowsOf } from './table.ts'

const step = (purpose: Step['purpose'], kept: boolean, more: Partial<Step> = {}): Step => ({
  purpose,
  kept,
  rate: 50,
  seconds: 4,
  attempted: 200,
  accepted: 200,
  completed: 200,
  failures: {},
  drainSeconds: 0,
  ordersPerSecond: 50,
  cpuMs: { orders: 1000, nats: 600 },
  accept: '',
  complete: '',
  browse: '',
  probes: {},
  driver: { lateMs: 0, cpuMs: 0 },
  ...more,
})

const block = (broker: string, steps: Step[], violations: string[] = []) => ({
  broker,
  state: 'postgresql',
  at: '2026-01-01T00:00:00.000Z',
  readyMs: 4_200,
  steps,
  violations,
})

test('a set counts with the highest rate that it kept up, and with the CPU of all processes per order', () => {
  const rungs = [40, 90, 120].map((ordersPerSecond, index) =>
    step('rung', index < 2, { ordersPerSecond }),
  )
  const servers = { jetstream: 'NATS 2', postgresql: 'PostgreSQL 18' }
  const blocks = [block('jetstream', [...rungs, step('equal', true)])]
  expect(rowsOf({ machine: {}, commit: '', failed: [], servers, blocks })).toEqual([
    ['broker', 'store', 'orders/s', 'CPU ms per order at 50/s', 'ready after'],
    ['jetstream (NATS 2)', 'postgresql (PostgreSQL 18)', '90', '8.0', '4.2 s'],
  ])
})

test('a block that verify finds wrong has no figure, and the row tells why a rate was not kept up', () => {
  const blocks = [
    block(
      'redis',
      [step('equal', false, { why: 'backlog of 2 s' })],
      ['events-processed: never received'],
    ),
  ]
  const [, row] = rowsOf({ machine: {}, commit: '', failed: [], servers: {}, blocks })
  expect(row?.slice(2, 4)).toEqual(['VOID', '8.0 (backlog of 2 s)'])
})
