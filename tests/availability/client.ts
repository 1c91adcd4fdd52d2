import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent } from 'undici'
import { gateway, newCustomer, operator, orderOf, type Person } from '../system/client.ts'

const mug = 'MUG-ENAMEL-BLUE'
/** One connection per request. In a crowd, connecting may take long. */
const connections = new Agent({ pipelining: 0, connect: { timeout: 60_000 } })

export type Reply = {
  status: number
  type: string
  retryAfter: string
  code: string
  orderId: string
}

/** Registers a customer without mails, and adds `mugs` mugs to the stock. */
export async function buyer(mugs: number): Promise<Person> {
  const preferences = { orderUpdates: false, paymentUpdates: false, marketing: false }
  const [customer, ops] = await Promise.all([newCustomer(), operator()])
  await customer.ask('PUT', '/users/me/preferences', preferences)
  const stock = { delta: mugs, reason: 'stock-taking' }
  const key = { 'idempotency-key': randomUUID() }
  const stocked = await ops.ask('POST', `/products/${mug}/stock`, stock, key)
  if (stocked.status !== 200) throw new Error(`stocking up was answered ${stocked.text}`)
  return customer
}

/** Orders a mug without retries, over a new connection. @throws the error of the connection */
export async function orderOnce({ authorization }: Person, key = randomUUID()): Promise<Reply> {
  const { statusCode, headers, body } = await connections.request({
    origin: gateway,
    method: 'POST',
    path: '/orders',
    headers: { authorization, 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ ...orderOf(mug), cartId: key }),
  })
  const payload = (await body.json()) as { code?: string; orderId?: string }
  return {
    status: statusCode,
    type: String(headers['content-type']),
    retryAfter: String(headers['retry-after'] ?? ''),
    code: payload.code ?? '',
    orderId: payload.orderId ?? '',
  }
}

/** Orders a mug. After `503`, retries with the same key after `Retry-After` seconds. */
export async function orderPatiently(by: Person): Promise<Reply> {
  const key = randomUUID()
  for (let tries = 1; ; tries += 1) {
    const reply = await orderOnce(by, key)
    if (reply.status !== 503 || tries === 20) return reply
    await pause(1000 * Number(reply.retryAfter))
  }
}

/** Whether a response is the documented rejection under overload. */
export const isShed = ({ status, type, retryAfter, code }: Reply): boolean =>
  status === 503 &&
  type === 'application/problem+json' &&
  Number(retryAfter) > 0 &&
  ['overloaded', 'unavailable'].includes(code)
