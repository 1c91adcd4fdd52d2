import { expect, test } from 'vitest'
import { templateOf } from './route-templates.ts'

test.each([
  ['/orders', '/orders'],
  ['/orders/01a21aff-9ba2-7702-8dc0-b67e8762a786', '/orders/:orderId'],
  ['/orders/01a21aff-9ba2-7702-8dc0-b67e8762a786/history', '/orders/:orderId/history'],
  ['/orders/sales', '/orders/sales'],
  ['/orders/dead-letters/7/replay', '/orders/dead-letters/:id/replay'],
  ['/products/MUG-ENAMEL-BLUE', '/products/:sku'],
  ['/.well-known/jwks.json', '/.well-known/jwks.json'],
])('%s is a request of %s', (path, template) => {
  expect(templateOf(path)).toBe(template)
})

test.each(['/', '/orders/1/2/3/4', '/nothing', '/orders/', '/__proto__/constructor'])(
  '%s is a request of no route',
  (path) => {
    expect(templateOf(path)).toBeUndefined()
  },
)
