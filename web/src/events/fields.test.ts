import { expect, it } from 'vitest'
import { fieldsOf } from './fields.ts'

it('lists fields with their types, also those inside lists and objects', () => {
  const schema = {
    properties: {
      orderId: { type: 'string', format: 'uuid' },
      reason: { type: 'string', enum: ['late', 'lost'] },
      lines: {
        type: 'array',
        items: { type: 'object', properties: { sku: { type: 'string' } }, required: ['sku'] },
      },
    },
    required: ['orderId', 'lines'],
  }
  expect(fieldsOf(schema)).toEqual([
    { path: 'orderId', type: 'uuid', required: true },
    { path: 'reason', type: '"late" | "lost"', required: false },
    { path: 'lines', type: 'list of object', required: true },
    { path: 'lines[].sku', type: 'string', required: true },
  ])
})
