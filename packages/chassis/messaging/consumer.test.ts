import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineEvent } from '../contract/event.ts'
import { createApp } from '../http/app.ts'
import { createLog } from '../observability/log.ts'
import { isPlainPath } from '../sidecar/plain-path.ts'
import { createConsumer, idOf, on } from './consumer.ts'
import { mountConsumer } from './consumer-routes.ts'
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

describe('any delivery of a broker', () => {
  const applied: string[] = []
  const kept: NewDeadLetter[] = []
  const shipped = defineEvent('orders-shipped-v1', z.object({ orderId: z.uuid() }))
  const log = createLog('carts', 'silent')
  const app = createApp({ name: 'carts', log })
  mountConsumer(app, {
    name: 'carts',
    handlers: [on(shipped, async ({ orderId }) => void applied.push(orderId))],
    inbox: {
      async once(_, work) {
        await work(undefined)
        return 'applied'
      },
    },
    deadLetters: { keep: async (letter: NewDeadLetter) => void kept.push(letter) } as never,
    log,
  })
  const orderId = '018f0000-0000-7000-8000-00000000000a'
  const good = { id: 'a', source: 'orders', type: shipped.topic, data: { orderId } }

  async function deliver(topic: string, body: string | Uint8Array<ArrayBuffer>) {
    const answer = await app.request(`/events/${topic}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
    return { status: answer.status, reply: await answer.json() }
  }

  const value = fc.oneof(
    { arbitrary: fc.jsonValue(), weight: 2 },
    fc.constantFrom('orders', 'orders-shipped-v1', orderId, '\0', '../x'),
  )
  const envelope = fc
    .record(
      { id: value, source: value, type: value, traceparent: value, data: value },
      { requiredKeys: [] },
    )
    .map((fields) => JSON.stringify({ ...good, ...fields }))
  const bytes = fc.oneof(
    envelope,
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc.uint8Array().map((array) => new Uint8Array(array)),
  )

  it('is handled once or stored as a dead letter under a plain id, and acknowledged', async () => {
    const topics = fc.constantFrom(shipped.topic, 'carts-dead-letters-v1')
    await fc.assert(
      fc.asyncProperty(topics, bytes, async (topic, body) => {
        applied.length = 0
        kept.length = 0
        const answer = await deliver(topic, body)
        expect(answer).toEqual({ status: 200, reply: { status: 'SUCCESS' } })
        expect(applied.length + kept.length).toBe(1)
        for (const { id, cause } of kept) {
          expect(isPlainPath(`/carts/dead-letters/${encodeURIComponent(id)}`)).toBe(true)
          expect(typeof cause).toBe('string')
        }
      }),
      { numRuns: 500 },
    )
  }, 60_000)
})
