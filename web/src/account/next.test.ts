import { expect, it } from 'vitest'
import { pageOfThisShop } from './next.ts'

const origin = 'http://shop.test'

it('goes on to a page of the shop, with its query', () => {
  for (const next of [
    '/checkout',
    '/shop?q=a%20b&sort=name',
    '/ops/orders/1#top',
    '/item/A?to=//evil',
  ])
    expect(pageOfThisShop(next, origin)).toBe(next)
})

it('goes nowhere else, however that is written', () => {
  const elsewhere = [
    ...[
      '//evil.test',
      '/\\evil.test',
      '\\\\evil.test',
      '/\t/evil.test',
      '/\n/evil.test',
      ' //evil.test',
    ],
    ...[
      'https://evil.test',
      'https:evil.test',
      'javascript:alert(1)',
      'data:text/html,x',
      'evil.test',
    ],
    ...['/.//evil.test', '/..//evil.test', '/a/..//evil.test', '///evil.test', '/%2e//evil.test'],
    ...['', 1, null, undefined, ['/checkout']],
  ]
  for (const next of elsewhere) expect(pageOfThisShop(next, origin), String(next)).toBeUndefined()
})
