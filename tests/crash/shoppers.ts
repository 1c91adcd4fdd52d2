import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { awaitToken } from '@sidecart/client/mail-catcher.ts'
import { until } from '@sidecart/testing/until.ts'
import { type Answer, ask, inbox, orderOf } from '../system/client.ts'
import type { CrashShop } from './shop.ts'

/** A client retrying unanswered requests, like any client of the shop should. */
export type Person = {
  customerId: string
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>
}

const patienceMs = 180_000
const mostMails = 3 // notifications: optional line

/** Repeats a request until an answer other than a fault arrives. */
async function insist(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<Answer> {
  for (let [waitMs, deadline] = [100, Date.now() + patienceMs]; ; waitMs *= 1.5) {
    const answer = await ask(method, path, body, headers).catch(() => undefined)
    if (answer && answer.status < 500 && answer.status !== 429) return answer
    if (Date.now() > deadline)
      throw new Error(`${method} ${path} is not answered: ${answer?.status} ${answer?.text}`)
    await pause(Math.min(waitMs, 2_000))
  }
}

export async function signIn({ email, password }: Credentials): Promise<Person> {
  const { body } = await insist('POST', '/sessions', { email, password })
  const authorization = `Bearer ${body.accessToken}`
  const ask: Person['ask'] = (method, path, body, headers) =>
    insist(method, path, body, { authorization, ...headers })
  return { customerId: String((await ask('GET', '/users/me')).body.userId), ask }
}

type Credentials = { email: string; password: string }

export async function newcomer(): Promise<Person & Credentials> {
  const [email, password] = [`${randomUUID()}@example.com`, randomUUID()]
  await insist('POST', '/users', { email, password, name: 'Ada Tester' })
  const person = await signIn({ email, password })
  // notifications: optional
  await insist('POST', '/confirmations', { token: await confirmationToken(person, email) })
  // /notifications
  return { email, password, ...person }
}

// notifications: optional
/** A mail that may have been sent when its sender died is not sent again by itself: the client asks for another. */
async function confirmationToken({ ask }: Person, email: string): Promise<string> {
  for (let mails = 1; ; mails += 1) {
    try {
      return await awaitToken(inbox, email, patienceMs / mostMails)
    } catch (error) {
      if (mails === mostMails) throw error
    }
    await ask('POST', '/users/me/confirmation')
  }
}
// /notifications

/**
 * Places an order under a new key, `times` times concurrently, and records requests and answers.
 */
export async function place(
  { customer, note }: Shopping,
  order: ReturnType<typeof orderOf>,
  times = 1,
): Promise<string> {
  const [key, { customerId }] = [randomUUID(), customer]
  note({ is: 'asked', customerId, key, lines: order.lines })
  const ask = async () => {
    const headers = { 'idempotency-key': key }
    const { status, text, body } = await customer.ask(
      'POST',
      '/orders',
      { ...order, cartId: key },
      headers,
    )
    if (status !== 202) throw new Error(`not accepted: ${status} ${text}`)
    const orderId = String(body.orderId)
    note({ is: 'answered', customerId, key, outcome: 'accepted', orderId, response: text })
    return orderId
  }
  const [orderId = ''] = await Promise.all(Array.from({ length: times }, ask))
  return orderId
}

/** Waits until an order has one of these statuses. @throws Error after `waitMs` */
export async function comesTo(
  by: Person,
  orderId: string,
  wanted: readonly string[],
  waitMs = patienceMs,
): Promise<void> {
  for (let [pauseMs, deadline] = [200, Date.now() + waitMs]; ; pauseMs *= 1.5) {
    const { body } = await by.ask('GET', `/orders/${orderId}`)
    if (wanted.includes(String(body.status))) return
    if (Date.now() > deadline)
      throw new Error(`order ${orderId} is ${body.status} (${body.reason}), not ${wanted}`)
    await pause(Math.min(pauseMs, 2_000))
  }
}

/** The people and the parts of the shop available to a task. */
export type Shopping = { customer: Person; operator: Person } & Pick<CrashShop, 'holdUp' | 'note'>
export type ShoppingTask = (shopping: Shopping) => Promise<void>

const mug = 'MUG-ENAMEL-BLUE'
/** Fewer pieces than one order may contain. */
const scarce = 'TEAPOT-STONEWARE-RUST'
/** Five times the time-out of a handler before its event is stored. */
const holdUpMs = 15_000 // notifications: optional line

/** Typical actions of customers and operators. Together they pass every crash point. */
export const shoppingTasks: Record<string, ShoppingTask> = {
  async 'buys, receives and returns'(shopping) {
    const { customer, operator } = shopping
    // carts: optional
    await customer.ask('PUT', `/cart/items/${mug}`, { quantity: 1 })
    // /carts
    const orderId = await place(shopping, orderOf(mug))
    await comesTo(shopping.customer, orderId, ['confirmed'])
    await operator.ask('POST', `/orders/${orderId}/ship`)
    await operator.ask('POST', `/orders/${orderId}/deliver`)
    await customer.ask('POST', `/orders/${orderId}/return`, { reason: 'too small' })
    await operator.ask('POST', `/orders/${orderId}/return/approve`)
    await operator.ask('POST', `/orders/${orderId}/return/receive`)
    await comesTo(shopping.customer, orderId, ['refunded'])
  },
  async 'buys, and gets a part of the money back'(shopping) {
    const { customer, operator } = shopping
    const orderId = await place(shopping, orderOf(mug, 2))
    await comesTo(customer, orderId, ['confirmed'])
    const scratch = { amount: { amount: 100, currency: 'EUR' }, reason: 'a scratch' }
    const key = { 'idempotency-key': randomUUID() }
    await operator.ask('POST', `/orders/${orderId}/refunds`, scratch, key)
    const isBack = async () => {
      const { body } = await customer.ask('GET', `/orders/${orderId}`)
      return (body.refunds as { status: string }[] | undefined)?.[0]?.status === 'done'
    }
    await until('the part is back', isBack, patienceMs, 200)
  },
  async 'buys, and wants the money back before it is shipped'(shopping) {
    const orderId = await place(shopping, orderOf(mug, 2))
    await comesTo(shopping.customer, orderId, ['confirmed'])
    await shopping.customer.ask('POST', `/orders/${orderId}/refund`)
    await comesTo(shopping.customer, orderId, ['refunded'])
  },
  async 'has no money'(shopping) {
    const orderId = await place(shopping, orderOf(mug, 1, 'card_declined'))
    await comesTo(shopping.customer, orderId, ['cancelled'])
  },
  async 'wants more than there is'(shopping) {
    const orderId = await place(shopping, orderOf(scarce, 999))
    await comesTo(shopping.customer, orderId, ['cancelled'])
  },
  async 'changes their mind while the card is slow'(shopping) {
    const orderId = await place(shopping, orderOf(mug, 1, 'card_slow'))
    await comesTo(shopping.customer, orderId, ['reserved', 'confirmed'])
    await shopping.customer.ask('POST', `/orders/${orderId}/cancel`)
    await comesTo(shopping.customer, orderId, ['cancelled', 'confirmed'])
  },
  async 'pays while the provider has an outage'(shopping) {
    await comesTo(shopping.customer, await place(shopping, orderOf(mug, 1, 'card_retry')), [
      'confirmed',
    ])
  },
  async 'pays, and the provider never says so'(shopping) {
    const orderId = await place(shopping, orderOf(mug, 1, 'card_timeout_after_charge'))
    await comesTo(shopping.customer, orderId, ['confirmed'])
  },
  // notifications: optional
  async 'is written to late, because a database is held up'(shopping) {
    const { operator } = shopping
    let late: string[] = []
    await shopping.holdUp('notifications', 'inbox', async () => {
      const before = new Set(await openDeadLetters(operator))
      await place(shopping, orderOf(mug, 1, 'card_declined'))
      const areNew = async () => {
        late = (await openDeadLetters(operator)).filter((id) => !before.has(id))
        return late.length > 0
      }
      // a longer lock would block the service's database and all its responses
      await until('an event is stored', areNew, holdUpMs, 200).catch(() => {})
    })
    const areHandled = async () => {
      const open = await openDeadLetters(operator)
      return late.every((id) => !open.includes(id))
    }
    await until('what was stored is handled', areHandled, patienceMs, 200)
  },
  // /notifications
  async 'tends their account'() {
    const { email, password, ask } = await newcomer()
    await ask('PATCH', '/users/me', { name: 'Ada the Tester' })
    const address = { name: 'Ada', street: 'Harbour Road 1', postalCode: '20457', city: 'Hamburg' }
    await ask('POST', '/users/me/addresses', { ...address, country: 'DE' })
    const newPassword = randomUUID()
    await ask('POST', '/users/me/password', { currentPassword: password, newPassword })
    await signIn({ email, password: newPassword })
  },
  async 'tends the shelves'(shopping) {
    const { operator } = shopping
    const sku = 'MUG-ENAMEL-CREAM'
    await operator.ask('PATCH', `/products/${sku}`, { price: { amount: 1490, currency: 'EUR' } })
    const more = { delta: 3, reason: 'delivery' }
    const { body } = await operator.ask('POST', `/products/${sku}/stock`, more, {
      'idempotency-key': randomUUID(),
    })
    await operator.ask('PATCH', `/products/${sku}`, { lowStockAt: Number(body.onHand) })
    await comesTo(shopping.customer, await place(shopping, orderOf(sku)), ['confirmed'])
  },
}

// notifications: optional
/** Returns ids of the events notifications has not yet processed. */
export async function openDeadLetters(operator: Person): Promise<string[]> {
  const { body } = await operator.ask('GET', '/notifications/dead-letters')
  return (body.deadLetters as { id: string }[]).map(({ id }) => id)
}
// /notifications
