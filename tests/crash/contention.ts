import { setTimeout as pause } from 'node:timers/promises'
import { orderOf } from '../system/client.ts'
import { comesTo, place, type Shopping } from './shoppers.ts'

const mug = 'MUG-ENAMEL-BLUE'
const scarce = 'TEAPOT-STONEWARE-RUST'
const patienceMs = 5_000

/**
 * Produces contention within a few seconds: more buyers than stock, repeated keys, cards declined,
 * slow or timing out, and cancellations meanwhile. Resolves when all requests have been answered.
 * Starts with a plain purchase, so that the first order at any crash point takes stock and money.
 */
export async function contend(shopping: Shopping): Promise<void> {
  await leave(3, shopping)
  const first = await place(shopping, orderOf(mug))
  await comesTo(shopping.customer, first, ['confirmed'], patienceMs).catch(() => {})
  await Promise.all([
    ...Array.from({ length: 6 }, () => place(shopping, orderOf(scarce))),
    place(shopping, orderOf(mug), 5),
    place(shopping, orderOf(mug, 1, 'card_declined')),
    place(shopping, orderOf(mug, 1, 'card_timeout_after_charge')),
    changeMind(shopping, 'card_slow'),
    changeMind(shopping, 'card_timeout_after_charge'),
    wantMoneyBack(shopping),
  ])
}

/** Requests a refund before the order is shipped. */
async function wantMoneyBack(shopping: Shopping): Promise<void> {
  const orderId = await place(shopping, orderOf(mug))
  await comesTo(shopping.customer, orderId, ['confirmed'], patienceMs).catch(() => {})
  await shopping.customer.ask('POST', `/orders/${orderId}/refund`)
}

/** Reduces the stock to `pieces`. */
async function leave(pieces: number, { operator }: Shopping): Promise<void> {
  const { body } = await operator.ask('GET', `/products/${scarce}/stock`)
  const delta = pieces - Number(body.onHand)
  if (delta !== 0)
    await operator.ask('POST', `/products/${scarce}/stock`, { delta, reason: 'sold out' })
}

/**
 * Cancels while the provider is slow. Without a safeguard, the order may never reach a wanted
 * state.
 */
async function changeMind(shopping: Shopping, card: string): Promise<void> {
  const orderId = await place(shopping, orderOf(mug, 1, card))
  const wanted = ['reserved', 'confirmed']
  await comesTo(shopping.customer, orderId, wanted, patienceMs).catch(() => {})
  await pause(300)
  await shopping.customer.ask('POST', `/orders/${orderId}/cancel`)
}
