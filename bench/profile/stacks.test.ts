import { expect, test } from 'vitest'
import { flame } from './flame.ts'
import { ofGo } from './go.ts'
import { ofNode } from './node.ts'
import { add, byOwner, emptyFrame } from './stacks.ts'

const shop = { name: 'place', owner: 'the shop' } as const
const sql = { name: 'query', owner: 'database client' } as const

test('time is counted for the function that was at work, and drawn for all that called it', () => {
  const root = emptyFrame({ name: 'orders', owner: 'the shop' })
  add(root, [shop, sql], 30)
  add(root, [shop], 10)
  expect(byOwner(root)).toEqual([
    ['database client', 30],
    ['the shop', 10],
  ])
  const picture = flame('what an order takes', root)
  expect(picture).toContain('<title>place: 100.0 %</title>')
  expect(picture).toContain('<title>query: 75.0 %</title>')
})

test('who owns a function is told by where it lies', () => {
  const of = (url: string) => ofNode({ functionName: 'f', url })?.owner
  expect(of('file:///x/services/orders/store.ts')).toBe('the shop')
  expect(of('file:///x/node_modules/pg/lib/client.js')).toBe('database client')
  expect(of('node:_http_server')).toBe('HTTP')
  expect(ofNode({ functionName: 'writev', url: '' })?.owner).toBe('kernel')
  expect(ofNode({ functionName: '(idle)', url: '' })).toBeUndefined()
  expect(ofGo('google.golang.org/grpc/internal/transport.(*http2Client).Write').owner).toBe(
    'gRPC and TLS',
  )
  expect(
    ofGo('github.com/dapr/components-contrib/pubsub/jetstream.(*jsPubSub).Publish').owner,
  ).toBe('broker client')
  expect(ofGo('runtime.mallocgc').owner).toBe('runtime')
})
