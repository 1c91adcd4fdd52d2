import type { ProblemKind } from '@sidecart/chassis/contract/problem.ts'
import { Fault } from '@sidecart/chassis/core/errors.ts'
import { type App, type AppEnv, createApp } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import { isKnown } from '@sidecart/chassis/http/etags.ts'
import { type Handler, on } from '@sidecart/chassis/messaging/consumer.ts'
import { mountConsumer } from '@sidecart/chassis/messaging/consumer-routes.ts'
import type { DeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import type { Inbox } from '@sidecart/chassis/messaging/inbox.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { orderEvents } from '@sidecart/orders/contract.ts'
import type { Context } from 'hono'
import { type Cart as CartView, cartsRoutes } from './contract.ts'
import {
  type Cart,
  clear,
  onlyIf,
  put,
  type RefusalCode,
  refuse,
  remove,
  takeOut,
} from './domain.ts'
import type { CartStore } from './ports.ts'

const problems = {
  'cart-full': { status: 409, title: 'The cart is full' },
  'cart-busy': { status: 409, title: 'The cart is being changed' },
  'etag-mismatch': { status: 412, title: 'The cart has changed' },
} satisfies Record<RefusalCode, ProblemKind>

export type CartsPorts = {
  carts: CartStore
  deadLetters: DeadLetters
  verify: Verifier
  log: Log
  appToken?: string
  ready?: () => Promise<void>
  /** Milliseconds since 1970. */
  now?: () => number
}

export const cartsHandlers = ({
  carts,
  now = Date.now,
}: Pick<CartsPorts, 'carts' | 'now'>): Handler<void>[] => [
  on(orderEvents.confirmed, async (order, _, { time }) => {
    const ordered = { ...order, ...(time && { confirmedAt: Date.parse(time) }) }
    const done = await carts.update(order.customerId, (cart) => takeOut(cart, ordered, now()))
    if (done === 'contended')
      throw new Fault('contended', `the cart of ${order.customerId} is busy`)
  }),
]

/** An inbox without storage: a cart lists the orders already removed from the cart, and ignores those before its first product. */
export const inbox: Inbox<void> = {
  async once(_eventId, work) {
    await work()
    return 'applied'
  },
}

export function createCartsApp(ports: CartsPorts): App {
  const { carts, deadLetters, verify, log, now = Date.now } = ports
  const app = createApp({ name: 'carts', problems, ...ports })

  app.use('/cart/*', signedIn(verify))
  app.use('/carts/dead-letters/*', signedIn(verify, 'operator'))

  app.openapi(cartsRoutes.show, async (c) => {
    const [cart, status, headers] = shown(await carts.find(c.get('identity').userId))
    if (isKnown(c.req.valid('header')['if-none-match'], headers.etag))
      return c.body(null, 304, headers)
    return c.json(cart, status, headers)
  })

  app.openapi(cartsRoutes.put, async (c) => {
    const line = { ...c.req.valid('param'), ...c.req.valid('json') }
    const { 'if-match': ifMatch } = c.req.valid('header')
    return c.json(...shown(await changed(c, ifMatch, (cart) => put(cart, line, now()))))
  })

  app.openapi(cartsRoutes.remove, async (c) => {
    const { sku } = c.req.valid('param')
    const { 'if-match': ifMatch } = c.req.valid('header')
    return c.json(...shown(await changed(c, ifMatch, (cart) => remove(cart, sku))))
  })

  app.openapi(cartsRoutes.clear, async (c) => {
    const { 'if-match': ifMatch } = c.req.valid('header')
    const { revision } = await changed(c, ifMatch, clear)
    return c.body(null, 204, { etag: `"${revision}"` })
  })

  mountConsumer(app, { name: 'carts', handlers: cartsHandlers(ports), inbox, deadLetters, log })

  async function changed(
    c: Context<AppEnv>,
    ifMatch: string | undefined,
    change: (cart: Cart) => Cart,
  ): Promise<Cart> {
    const cart = await carts.update(c.get('identity').userId, onlyIf(ifMatch, change))
    if (cart === 'contended') throw refuse('cart-busy', 'Others change this cart; try again.')
    return cart
  }
  return app
}

const shown = ({
  revision,
  cartId,
  lines,
}: Cart): [CartView, 200, Record<'etag' | 'cache-control', string>] => [
  { lines: [...lines], ...(cartId && { cartId }) },
  200,
  { etag: `"${revision}"`, 'cache-control': 'no-store' },
]
