import type { OpenApiDocument } from '@sidecart/chassis/http/app.ts'
import { describe, expect, it } from 'vitest'
import { asyncApiBreaks, openApiBreaks } from './changes.ts'
import { asyncApi, openApi } from './documents.ts'

// biome-ignore lint/suspicious/noExplicitAny: what is broken here on purpose has no type
type Loose = Record<string, any>
const changed = (change: (document: Loose) => unknown): OpenApiDocument => {
  const copy = structuredClone(openApi())
  change(copy)
  return copy
}
const place = (document: Loose) => document.paths['/orders'].post
const schema = (document: Loose, name: string) => document.components.schemas[name]

describe('the public API', () => {
  it('has every operation, and none that only services may call', () => {
    const paths = Object.keys(openApi().paths)
    expect(paths).toContain('/orders/{orderId}/history')
    expect(paths.filter((path) => path.startsWith('/internal'))).toEqual([])
  })

  it('may grow', () => {
    const grown = changed((document) => {
      document.paths['/orders/{orderId}/gifts'] = { get: { responses: {} } }
      schema(document, 'Order').properties.gift = { type: 'boolean' }
      schema(document, 'PlaceOrder').properties.gift = { type: 'boolean' }
    })
    expect(openApiBreaks(openApi(), grown)).toEqual([])
  })

  it.each<[string, (document: Loose) => unknown, string]>([
    ['an operation', (all) => delete all.paths['/orders'].post, 'POST /orders was removed'],
    ['an answer', (all) => delete place(all).responses[202], 'POST /orders no longer answers 202'],
    [
      'a field of an answer',
      (all) => delete schema(all, 'Order').properties.status,
      'GET /orders/{orderId} 200.status was removed',
    ],
    [
      'a field of a request',
      (all) => delete schema(all, 'PlaceOrder').properties.card,
      'POST /orders body.card was removed',
    ],
    [
      'a parameter',
      (all) => place(all).parameters.pop(),
      'POST /orders: header idempotency-key is no longer taken',
    ],
  ])('does not lose %s', (_, change, finding) => {
    expect(openApiBreaks(openApi(), changed(change))).toContain(finding)
  })

  it('may lose a refusal that holds no more than others', () => {
    const without = (status: number) => changed((all) => delete place(all).responses[status])
    expect(openApiBreaks(openApi(), without(422))).toEqual([])
    expect(openApiBreaks(openApi(), without(409))).not.toEqual([])
  })

  it('takes one more alternative for what clients send', () => {
    const plain = changed((document) => {
      const shipTo = schema(document, 'PlaceOrder').properties.shipTo
      schema(document, 'PlaceOrder').properties.shipTo = shipTo.anyOf[0]
    })
    expect(openApiBreaks(plain, openApi())).toEqual([])
    expect(openApiBreaks(openApi(), plain)).toContain(
      'POST /orders body.shipTo.addressId was removed',
    )
  })

  it('keeps what each alternative of an answer says', () => {
    const now = changed((document) => {
      delete schema(document, 'DuplicateOrder').allOf[1].properties.order
    })
    expect(openApiBreaks(openApi(), now)).toEqual(['POST /orders 409.order was removed'])
    const third = changed((document) => {
      const { code, ...rest } = schema(document, 'PriceChanged').allOf[1].properties
      place(document).responses[409].content['application/problem+json'].schema.oneOf.push({
        type: 'object',
        properties: { ...rest, code: { ...code, enum: ['sold-out'] } },
      })
    })
    expect(openApiBreaks(openApi(), third)).not.toEqual([])
  })

  it('asks for nothing new', () => {
    const stricter = changed((document) => {
      schema(document, 'PlaceOrder').required.push('expectedTotal')
      const { parameters } = document.paths['/products'].get
      parameters.find(({ name }: { name: string }) => name === 'q').required = true
    })
    expect(openApiBreaks(openApi(), stricter)).toEqual(
      expect.arrayContaining([
        'POST /orders body.expectedTotal became required',
        'GET /products: query q became required',
      ]),
    )
  })
})

describe('events', () => {
  const document = asyncApi()

  it('are published by one and received by those who subscribe', () => {
    const operations = Object.keys(document.operations)
    expect(operations).toContain('orders-sends-orders-confirmed-v1')
    expect(operations).toContain('catalog-receives-orders-confirmed-v1')
  })

  it('are never taken away', () => {
    const now = structuredClone(document)
    delete now.components.messages['orders-placed-v1']
    expect(asyncApiBreaks(document, now)).toEqual(['orders-placed-v1 was removed'])
  })
})
