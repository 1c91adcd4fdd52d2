import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UserError } from '../config/project.ts'
import { parseState, type State } from './state-file.ts'

const state: State = {
  supervisor: { name: 'supervisor', pid: 1, startMark: '1' },
  processes: [
    {
      name: 'orders',
      role: 'app',
      phase: 'ready',
      pid: 2,
      startMark: '2',
      startedAt: '2026-01-01T00:00:00.000Z',
      ports: { app: 8080 },
      restarts: 0,
      logFile: '/shop/.sidecart/logs/orders.log',
    },
    {
      name: 'nats',
      role: 'backing',
      phase: 'waiting',
      ports: {},
      restarts: 0,
      logFile: 'nats.log',
    },
  ],
}
const text = JSON.stringify(state)

const read = (text: string): unknown => {
  try {
    return parseState(text, 'state.json')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    expect(error.message).toContain('state.json is damaged: end the processes')
    return undefined
  }
}

test('a state file is what was written', () => {
  expect(read(text)).toEqual(state)
})

test('a state file that anything has damaged is a state, or refused with advice', {
  timeout: 60_000,
}, () => {
  const cut = fc.tuple(fc.nat(text.length), fc.nat(text.length), fc.string({ maxLength: 5 }))
  const damaged = cut.map(([from, to, other]) => text.slice(0, from) + other + text.slice(to))
  fc.assert(
    fc.property(fc.oneof(damaged, fc.json(), fc.string({ unit: 'binary' })), (text) => {
      const found = read(text) as State | undefined
      for (const { name, ports, pid = 1 } of found?.processes ?? [])
        expect([typeof name, typeof ports, pid > 0]).toEqual(['string', 'object', true])
    }),
    { numRuns: 500 },
  )
})
