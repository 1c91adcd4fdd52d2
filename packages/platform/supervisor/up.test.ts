import { expect, test } from 'vitest'
import type { SupervisorEvent } from './process-spec.ts'
import { reporter } from './up.ts'

function told(...events: SupervisorEvent[]): string[] {
  const lines: string[] = []
  const report = reporter({
    live: false,
    line: (text) => lines.push(text),
    wait: () => {},
    end: () => {},
  })
  for (const event of events) report(event)
  return lines
}
const app = { name: 'orders', role: 'app' } as const
const sidecar = { name: 'orders-sidecar', role: 'sidecar' } as const
const crash = {
  ...app,
  type: 'crash',
  log: ['line 1', 'line 2'],
  logFile: 'orders.log',
  inARow: 1,
  againInMs: 200,
} as const

test('a service is told once, when its app and its sidecar are ready', () => {
  const lines = told(
    { ...app, type: 'start' },
    { ...sidecar, type: 'start' },
    { ...sidecar, type: 'ready', ms: 900 },
    { ...app, type: 'ready', ms: 1200 },
  )
  expect(lines).toEqual(['✔ orders          1.2 s'])
})

test('a crash is told with the end of the log', () => {
  expect(told(crash)).toEqual(['✖ orders ended; starts again in 0.2 s', '    line 1', '    line 2'])
})

test('further crashes in a row take one line', () => {
  expect(told({ ...crash, inARow: 3, againInMs: 800 })).toEqual([
    '✖ orders ended 3 times in a row, see orders.log; starts again in 0.8 s',
  ])
})

test('a process that could not be started tells why', () => {
  expect(told({ ...crash, reason: 'port 1 is taken', log: [] })).toEqual([
    '✖ orders ended (port 1 is taken); starts again in 0.2 s',
  ])
})

test('what is hopeless is told at once and whole, and nothing after it', () => {
  const reason = 'pubsub.yaml: component pubsub could not be started'
  const lines = told({ ...sidecar, type: 'hopeless', reason }, crash)
  expect(lines).toEqual([`✖ ${reason}`])
})
