import { setTimeout as pause } from 'node:timers/promises'
import { orderOf } from '../system/client.ts'
import { comesTo, place, type Shopping } from './shoppers.ts'

const mug = 'MUG-ENAMEL-BLUE'
const scarce = 'TEAPOT-STONEWARE-RUST'
const patienceMs = 5_000

/**
 * What a bad day brings, in a few seconds: more buyers than pieces, repeated keys, cards that are declined, slow or
 * silent, and people who change their minds meanwhile. Answers when all of that is on its way. It begins with
 * somebody who just buys, so that the first to come by any crash point is an order that takes stock and money.
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

/** Asks the money back before the order is shipped. */
async function wantMoneyBack(shopping: Shopping): Promise<void> {
  const orderId = await place(shopping, orderOf(mug))
  await comesTo(shopping.customer, orderId, ['confirmed'], patienceMs).catch(() => {})
  await shopping.customer.ask('POST', `/orders/${orderId}/refund`)
}

/** Takes all but so many pieces off the shelf. */
async function leave(pieces: number, { operator }: Shopping): Promise<void> {
  const { body } = await operator.ask('GET', `/products/${scarce}/stock`)
  const delta = pieces - Number(body.onHand)
  if (delta !== 0)
    await operator.ask('POST', `/products/${scarce}/stock`, { delta, reason: 'sold out' })
}

/** Cancels while the provider takes its time. Without a safeguard an order may never get that far. */
async function changeMind(shopping: Shopping, card: string): Promise<void> {
  const orderId = await place(shopping, orderOf(mug, 1, card))
  const wanted = ['reserved', 'confirmed']
  await comesTo(shopping.customer, orderId, wanted, patienceMs).catch(() => {})
  await pause(300)
  await shopping.customer.ask('POST', `/orders/${orderId}/cancel`)
}
