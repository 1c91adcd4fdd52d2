import { defineEvent, z } from '@sidecart/chassis/contract/openapi.ts'
import { describe, expect, it } from 'vitest'
import { checked, publicSegments } from './manifest.ts'

const wrapped = defineEvent('gifts-wrapped-v1', z.object({ giftId: z.string() }), 'giftId')
const route = (path: string) => ({ method: 'get' as const, path, responses: {} })
const gifts = {
  name: 'gifts',
  owns: 'gifts',
  position: 7,
  routes: { list: route('/gifts'), reserve: route('/internal/gifts/{id}') },
  publishes: { wrapped },
  database: true,
}
const letters = { name: 'letters', owns: 'letters', position: 8, subscribesTo: [wrapped] }

const check = (...services: { name: string }[]) =>
  checked(services.map((service) => ({ folder: service.name, service })))

describe('manifests', () => {
  it('come in the order of their positions', () => {
    expect(check(letters, gifts).map(({ name }) => name)).toEqual(['gifts', 'letters'])
  })

  it('make public what is not internal, and the dead letters of a service that receives events', () => {
    expect(publicSegments(gifts)).toEqual(['gifts'])
    expect(publicSegments(letters)).toEqual(['letters'])
  })

  it.each<[string, object, string]>([
    ['an unknown field', { publish: {} }, 'Unrecognized key: "publish"'],
    ['two words as a name', { name: 'gift-cards' }, 'one word of lower-case letters'],
    ['the position of another service', { position: 7 }, 'position 7 is that of gifts'],
    ['the port of the payment provider', { position: 10 }, 'position 10 is the port of'],
    ['an event of another service', { publishes: { wrapped } }, 'not an event of letters'],
    [
      'an event without a key',
      { publishes: { sent: defineEvent('letters-sent-v1', z.object({})) } },
      'letters-sent-v1 has no key',
    ],
    [
      'an event that nobody publishes',
      { subscribesTo: [defineEvent('gifts-sent-v1', z.object({}))] },
      'nobody publishes gifts-sent-v1',
    ],
    [
      'a call of a route that is not there',
      { calls: { gifts: [route('/internal/other')] } },
      'gifts has no route GET /internal/other',
    ],
    [
      'a call of a service that is not there',
      { calls: { stamps: [route('/internal/stamps')] } },
      'stamps has no route GET /internal/stamps',
    ],
    ['a path of another service', { routes: { one: route('/gifts/x') } }, '/gifts belongs to'],
    [
      'a path of the gateway',
      { routes: { one: route('/docs/x') } },
      '/docs belongs to the gateway',
    ],
  ])('refuse %s', (_, change, message) => {
    expect(() => check(gifts, { ...letters, ...change })).toThrow(message)
  })

  it('refuse a name that is not that of the folder', () => {
    expect(() => checked([{ folder: 'presents', service: gifts }])).toThrow(
      'services/presents/service.ts: the name is gifts, not that of the folder',
    )
  })
})
