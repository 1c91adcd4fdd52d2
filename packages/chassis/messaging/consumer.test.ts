import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineEvent } from '../contract/event.ts'
import { createLog } from '../observability/log.ts'
import { isPlainPath } from '../sidecar/plain-path.ts'
import { createConsumer, idOf, on } from './consumer.ts'
import type { NewDeadLetter } from './dead-letters.ts'

describe('the id under which an event is known', () => {
  it('is its own where that can stand in a path and in every store', () => {
    for (const id of ['018f0000-0000-7000-8000-00000000000a', 'order_1.confirmed~2', 'a'])
      expect(idOf({ id })).toBe(id)
  })

  it.each([
    'a?b',
    'a#b',
    'a/b',
    'a\\b',
    '..',
    '.',
    '100%',
    '%2e%2e',
    'a b',
    'nul\0',
    '\x1f',
    '\x7f',
  ])('is a hash of it otherwise: %j', (id) => {
    const known = idOf({ id })
    expect(known).toMatch(/^sha256-[0-9a-f]{64}$/)
    expect(isPlainPath(`/orders/dead-letters/${encodeURIComponent(known)}/replay`)).toBe(true)
    expect(idOf({ id, other: 'field' })).toBe(known)
    expect(idOf({ id: `${id}!` })).not.toBe(known)
  })

  it('is a hash for long ids, for none, for what is no event, and for what looks like a hash', () => {
    const hashed = [{ id: 'x'.repeat(201) }, { data: 1 }, { id: 7 }, { id: '' }, undefined, 'text']
    const known = hashed.map(idOf)
    expect(new Set(known).size).toBe(hashed.length)
    for (const id of [...known, idOf({ id: known[0] })]) expect(id).toMatch(/^sha256-/)
    expect(idOf({ id: known[0] })).not.toBe(known[0])
  })
})

describe('an event that is wrong in any field', () => {
  const kept: NewDeadLetter[] = []
  const consumer = createConsumer({
    name: 'notifications',
    handlers: [on(defineEvent('orders-shipped-v1', z.object({})), async () => {})],
    inbox: { once: async () => 'applied' },
    deadLetters: { keep: async (letter: NewDeadLetter) => void kept.push(letter) } as never,
    log: createLog('notifications', 'silent'),
  })
  const good = { id: 'a', source: 'orders', type: 'orders-shipped-v1', data: {} }

  it.each([
    null,
    7,
    [],
    { ...good, traceparent: 7 },
    { ...good, traceparent: ['00-1-2-01'] },
    { ...good, traceparent: null },
    { ...good, id: 7 },
    { ...good, source: {} },
    { ...good, type: 7 },
    { ...good, data: 'text' },
  ])('is a dead letter at once: %j', async (raw) => {
    kept.length = 0
    const why = await consumer.consume('orders-shipped-v1', raw).catch((error: unknown) => error)
    await consumer.storeFailure('orders-shipped-v1', raw, why, 1)
    expect(kept).toMatchObject([
      { topic: 'orders-shipped-v1', cause: expect.stringMatching(/^malformed-event/) },
    ])
    expect(kept[0]?.againInMs).toBeUndefined()
  })
})
