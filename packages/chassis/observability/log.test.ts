import { expect, it } from 'vitest'
import { createLog } from './log.ts'

function logged(fields: object): Record<string, unknown> {
  const lines: string[] = []
  createLog('tests', 'info', { write: (line) => lines.push(line) }).info(fields, 'a line')
  return JSON.parse(lines.join('')) as Record<string, unknown>
}

it('hides secrets at the top level and one level below, and changes nothing else', () => {
  const body = { email: 'ada@example.com', password: 'hunter2', newPassword: null }
  const fields = { token: 'abc', body, list: [1], none: null, status: 200 }
  expect(logged(fields)).toMatchObject({
    token: '[redacted]',
    body: { email: 'ada@example.com', password: '[redacted]', newPassword: '[redacted]' },
    list: [1],
    none: null,
    status: 200,
  })
  expect(fields.body.password).toBe('hunter2')
})

it('hides the secrets of an error, which keeps its message and its stack', () => {
  const err = Object.assign(new Error('refused'), { authorization: 'Bearer abc' })
  const line = logged({ err })
  expect(line.err).toMatchObject({
    type: 'Error',
    message: 'refused',
    stack: expect.stringContaining('log.test.ts'),
    authorization: '[redacted]',
  })
  expect(JSON.stringify(line)).not.toContain('Bearer')
  expect(logged({ err: new Error('plain') }).err).toMatchObject({ message: 'plain' })
})
