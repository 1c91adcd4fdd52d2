import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UserError } from '../project.ts'
import {
  consumersIn,
  publishedBy,
  type Resource,
  resourcesIn,
  streamsFor,
  topicsFor,
  uses,
} from './components.ts'

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

const yaml = (resource: object) => JSON.stringify(resource)
const whole = [publisher, subscription('placed-v1', 'carts-dead-letters-v1')]

test.each([
  ['an alias that leads nowhere', 'kind: *missing'],
  [
    'aliases that lead to too much',
    `a: &a [x]\n${bomb('a', 'b', 'c', 'd', 'e', 'f')}kind: Component`,
  ],
  ['broken YAML', 'kind: [Component'],
  ['an empty document', '---\n'],
  ['entries without names', yaml({ ...publisher, spec: { metadata: [{ value: 'x' }] } })],
  ['entries that are no list', yaml({ ...publisher, spec: { metadata: 'x' } })],
])('%s is refused with the name of the file', (_, text) => {
  expect(() => resourcesIn(text, 'pubsub.yaml')).toThrow(/^pubsub.yaml holds something that is no/)
})

/** Each list holds the list before it ten times. */
function bomb(...names: string[]): string {
  const [first = '', ...rest] = names
  const lines = rest.map((name, index) => {
    const before = `*${index === 0 ? first : rest[index - 1]}`
    return `${name}: &${name} [${Array(10).fill(before).join(', ')}]\n`
  })
  return lines.join('')
}

test('whatever a component file holds is read, or refused with a message', {
  timeout: 60_000,
}, () => {
  const value = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant(true))
  const entry = fc.record({ name: fc.constantFrom('publishingScopes', 'other'), value })
  const component = fc.record({
    kind: fc.constantFrom('Component', 'Subscription', 'Configuration'),
    metadata: fc.record({ name: fc.string() }),
    scopes: fc.array(fc.constantFrom('orders', 'carts')),
    spec: fc.oneof(
      fc.record({ type: value, metadata: fc.array(entry) }),
      fc.record({ topic: value, deadLetterTopic: value }),
      fc.object(),
    ),
  })
  const damaged = fc
    .tuple(
      fc.constantFrom(...whole.map(yaml)),
      fc.nat(300),
      fc.nat(20),
      fc.string({ maxLength: 5 }),
    )
    .map(([text, at, length, other]) => text.slice(0, at) + other + text.slice(at + length))
  const text = fc.oneof(component.map(yaml), damaged, fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(text, (text) => {
      let found: Resource[]
      try {
        found = resourcesIn(text, 'pubsub.yaml')
      } catch (error) {
        expect(error).toBeInstanceOf(UserError)
        return
      }
      const topics = [...streamsFor(found).flatMap(({ subjects }) => subjects)]
      topics.push(...publishedBy('orders', found), ...topicsFor(found).map(({ name }) => name))
      for (const topic of topics) expect(typeof topic).toBe('string')
      for (const { app } of consumersIn(found)) expect(typeof app).toBe('string')
    }),
    { numRuns: 500 },
  )
})
