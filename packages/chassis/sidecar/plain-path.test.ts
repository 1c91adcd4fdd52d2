import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPlainPath } from './plain-path.ts'

describe('a plain path', () => {
  it.each([
    '/',
    '/orders',
    '/orders/',
    '/orders/018f0000-0000-7000-8000-00000000000a/cancel?x=%252e%252e/#',
    '/products/MUG-ENAMEL-BLUE/picture.svg',
    '/item/K%C3%A4se%20100g',
    '/carts/dead-letters/sha256%3Aab',
    '/.well-known/jwks.json',
    '/...',
  ])('is %s', (path) => {
    expect(isPlainPath(path)).toBe(true)
  })

  it.each([
    ['is decoded twice', '/notifications/%252e%252e/events/users-contact-changed-v1'],
    ['is decoded twice', '/products/a%2525'],
    ['leaves a segment', '/products/%2e%2e/metrics'],
    ['leaves a segment', '/products/../metrics'],
    ['leaves a segment', '/products/%2E./metrics'],
    ['stays in a segment', '/products/./metrics'],
    ['hides a slash', '/products/a%2fb'],
    ['hides a slash', '/products/..%2Fmetrics'],
    ['has a backslash', '/products/..%5cmetrics'],
    ['has a backslash', '/products\\..\\metrics'],
    ['has an empty segment', '//orders'],
    ['has an empty segment', '/products//metrics'],
    ['has a percent sign', '/products/100%25'],
    ['has a question mark', '/products/a%3Fb'],
    ['has a hash', '/products/a%23b'],
    ['has a hash', '/products/a#b'],
    ['has a control character', '/products/a%00'],
    ['has a control character', '/products/a%1F'],
    ['has a control character', '/products/a%7f'],
    ['has a control character', '/products/a%C2%85'],
    ['is no UTF-8', '/products/%ff'],
    ['is no UTF-8', '/products/%c0%ae%c0%ae/metrics'],
    ['is badly encoded', '/products/%zz'],
    ['is badly encoded', '/products/%'],
    ['is no path', 'http://elsewhere/orders'],
    ['is no path', '*'],
    ['is no path', ''],
  ])('is none that %s: %s', (_, path) => {
    expect(isPlainPath(path)).toBe(false)
  })

  it('stays the same however often it is decoded and cleaned', () => {
    const piece = fc.constantFrom(
      ...['..', '.', '/', '\\', '%', '%25', '%2e', '%2E', '%2f', '%5c', '%00', 'a', 'events', 'ä'],
    )
    const paths = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`)
    fc.assert(
      fc.property(paths, (path) => {
        if (!isPlainPath(path)) return
        const once = decodeURIComponent(path)
        expect(decodeURIComponent(once)).toBe(once)
        expect(decodeURI(new URL(path, 'http://app').pathname)).toBe(once)
        expect(decodeURI(new URL(once, 'http://app').pathname)).toBe(once)
      }),
      { numRuns: 5_000 },
    )
  })

  it('has the same segments before and after it is decoded, whatever the text was', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.webPath(), fc.string())
    fc.assert(
      fc.property(text, (path) => {
        if (!isPlainPath(path)) return
        const [written = ''] = path.split('?')
        const segments = decodeURIComponent(written).split('/')
        expect(written.split('/').map(decodeURIComponent)).toEqual(segments)
        expect(segments.some((segment) => segment === '.' || segment === '..')).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  }, 60_000)
})
