import { expect, test } from 'vitest'
import { type Resource, streamsFor, uses } from './components.ts'

const subscription = (topic: string, deadLetterTopic?: string): Resource => ({
  file: 'subscriptions.yaml',
  kind: 'Subscription',
  metadata: { name: topic },
  scopes: [],
  spec: { topic, deadLetterTopic },
})
const publisher: Resource = {
  file: 'pubsub.yaml',
  kind: 'Component',
  metadata: { name: 'pubsub' },
  scopes: [],
  spec: {
    type: 'pubsub.jetstream',
    metadata: [
      { name: 'publishingScopes', value: 'orders=placed-v1, shipped-v1; users=registered-v1' },
    ],
  },
}

test('events that are published or received share a stream', () => {
  const [events] = streamsFor([publisher, subscription('placed-v1'), subscription('paid-v1')])
  expect(events).toEqual({
    name: 'events',
    subjects: ['paid-v1', 'placed-v1', 'registered-v1', 'shipped-v1'],
  })
})

test('each dead letter topic has a stream of its own, whose duplicates are not those of the events', () => {
  const streams = streamsFor([
    subscription('placed-v1', 'carts-dead-letters-v1'),
    subscription('carts-dead-letters-v1'),
  ])
  expect(streams).toEqual([
    { name: 'events', subjects: ['placed-v1'] },
    { name: 'carts-dead-letters-v1', subjects: ['carts-dead-letters-v1'] },
  ])
})

test('a set of components tells which servers it needs', () => {
  expect(uses('pubsub.jetstream', [publisher])).toBe(true)
  expect(uses('pubsub.redis', [publisher])).toBe(false)
})
