import { setTimeout as pause } from 'node:timers/promises'
import { orderOf } from '../system/client.ts'
import { comesTo, place, type Shopping } from './shoppers.ts'

const mug = 'MUG-ENAMEL-BLUE'
const scarce = 'TEAPOT-STONEWARE-RUST'
const patienceMs = 12_000

/**
 * What a bad day brings, in a few seconds: more buyers than pieces, repeated keys, cards that are declined, slow or
 * silent, and people who change their minds meanwhile. Answers when their orders rest, or after 12 s.
 */
export async function jostle(shopping: Shopping): Promise<void> {
  await leave(3, shopping)
  await Promise.all([
    ...Array.from({ length: 6 }, () => settles(shopping, place(shopping, orderOf(scarce)))),
    settles(shopping, place(shopping, orderOf(mug), 5)),
    settles(shopping, place(shopping, orderOf(mug, 1, 'card_declined'))),
    settles(shopping, place(shopping, orderOf(mug, 1, 'card_timeout_after_charge'))),
    settles(shopping, changedMind(shopping, 'card_slow')),
    settles(shopping, changedMind(shopping, 'card_timeout_after_charge')),
  ])
}

/** Takes all but so many pieces off the shelf. */
async function leave(pieces: number, { operator }: Shopping): Promise<void> {
  const { body } = await operator.ask('GET', `/products/${scarce}/stock`)
  const delta = pieces - Number(body.onHand)
  if (delta !== 0)
    await operator.ask('POST', `/products/${scarce}/stock`, { delta, reason: 'sold out' })
}

/** Cancels while the provider takes its time. */
async function changedMind(shopping: Shopping, card: string): Promise<string> {
  const orderId = await place(shopping, orderOf(mug, 1, card))
  await comesTo(shopping.customer, orderId, ['reserved', 'confirmed'], patienceMs)
  await pause(300)
  await shopping.customer.ask('POST', `/orders/${orderId}/cancel`)
  return orderId
}

/** Without a safeguard an order may well never come to rest. */
async function settles({ customer }: Shopping, placed: Promise<string>): Promise<void> {
  await comesTo(customer, await placed, ['confirmed', 'cancelled'], patienceMs).catch(() => {})
}
