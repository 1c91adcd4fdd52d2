import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { awaitToken, mailsFor } from '@sidecart/client/mail-catcher.ts'
import { until } from '@sidecart/testing/until.ts'

/** The gateway itself. */
export const directGateway = 'http://127.0.0.1:8080'
/** The shop as its clients reach it: the gateway, or a proxy before it. */
export const gateway = process.env.SIDECART_URL ?? directGateway
/** @lintignore read where mails are sent */
export const inbox = 'http://127.0.0.1:8040'
export const root = join(import.meta.dirname, '../..')

export const secrets = () =>
  JSON.parse(readFileSync(join(root, '.sidecart/secrets.json'), 'utf8')) as Record<string, string>

export type Answer = {
  status: number
  headers: Headers
  text: string
  body: Record<string, unknown>
}

export async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const payload = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
  const answer = await fetch(`${gateway}${path}`, {
    method,
    headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(payload !== undefined && { body: payload }),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, body: parsed(text) }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

export type Person = {
  userId: string
  email: string
  authorization: string
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>
}

/** Registers a new customer. */
export async function newCustomer(): Promise<Person> {
  const email = `${randomUUID()}@example.com`
  const password = randomUUID()
  const registered = await ask('POST', '/users', { email, password, name: 'Ada Tester' })
  if (registered.status !== 201)
    throw new Error(`registration answered ${registered.status}: ${registered.text}`)
  return signIn(email, password)
}

// notifications: optional
/** Opens the link of the mail that confirms an address. */
export async function confirmEmail(email: string): Promise<void> {
  const answer = await ask('POST', '/confirmations', { token: await awaitToken(inbox, email) })
  if (answer.status !== 200) throw new Error(`confirming answered ${answer.status}: ${answer.text}`)
}
// /notifications

/** A customer who registered just now and gets mails, where mails are sent. */
export async function confirmedCustomer(): Promise<Person> {
  const customer = await newCustomer()
  // notifications: optional
  await confirmEmail(customer.email)
  // /notifications
  return customer
}

export const operator = (): Promise<Person> =>
  signIn('operator@sidecart.example', secrets()['operator-password'] ?? '')

export async function signIn(email: string, password: string): Promise<Person> {
  const session = await ask('POST', '/sessions', { email, password })
  if (session.status !== 200)
    throw new Error(`signing in answered ${session.status}: ${session.text}`)
  const authorization = `Bearer ${session.body.accessToken}`
  const as: Person['ask'] = (method, path, body, headers = {}) =>
    ask(method, path, body, { authorization, ...headers })
  const me = await as('GET', '/users/me')
  return { userId: String(me.body.userId), email, authorization, ask: as }
}

export const shipTo = {
  name: 'Ada Tester',
  street: 'Harbour Road 1',
  postalCode: '20457',
  city: 'Hamburg',
  country: 'DE',
}

export const orderOf = (sku: string, quantity = 1, card = 'card_approved') => ({
  lines: [{ sku, quantity }],
  shipTo,
  card,
})

/** Places an order and expects acceptance. Returns the order id. */
export async function placed(
  by: Person,
  order: object,
  key: string = randomUUID(),
): Promise<string> {
  const purchase = { cartId: key, ...order }
  const answer = await by.ask('POST', '/orders', purchase, { 'idempotency-key': key })
  if (answer.status !== 202)
    throw new Error(`the order was answered ${answer.status}: ${answer.text}`)
  return String(answer.body.orderId)
}

/** Waits until an order has one of these statuses. Returns the order. */
export const reaches = (
  by: Person,
  orderId: string,
  statuses: readonly string[],
  timeoutMs = 20_000,
): Promise<Record<string, unknown>> =>
  until(
    `order ${orderId} is ${statuses.join(' or ')}`,
    async () => {
      const { body } = await by.ask('GET', `/orders/${orderId}`)
      return statuses.includes(String(body.status)) ? body : undefined
    },
    timeoutMs,
  )

export async function stepsOf(by: Person, orderId: string): Promise<string[]> {
  const { body } = await by.ask('GET', `/orders/${orderId}/history`)
  return (body.history as { step: string }[]).map(({ step }) => step)
}

// notifications: optional
/** Subjects of the mails that reached somebody. */
export const mailsTo = async (email: string): Promise<string[]> =>
  (await mailsFor(inbox, email)).map(({ subject }) => subject)
// /notifications
