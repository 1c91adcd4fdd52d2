import { randomUUID } from 'node:crypto'
import { type HttpClient, withRetries } from '@sidecart/client/http-client.ts'
import { type Asker, asOperator, type Customer, confirmEmail, register } from './customer.ts'

/** The customers and the products of a run. */
export type Stage = { operator: Asker; customers: Customer[]; skus: string[] }

export type StageOptions = {
  /** Every plentiful product is stocked at twice this number. */
  orders: number
  customers: number
  /** Number of customers who receive mails. */
  mailed: number
  plentiful: number
  /** Number of products with too little stock. */
  scarce: number
}

const atATime = 4

/**
 * Registers customers and stocks up: enough of most products for so many orders, too little of a few.
 *
 * @param signingKeys the secret `jwt-keys`, to act as an operator
 * @param inbox base URL of the mail catcher, for customers who want mails: they confirm their e-mails
 */
export async function setStage(
  gateway: HttpClient,
  signingKeys: string,
  { orders, customers, mailed, plentiful, scarce }: StageOptions,
  inbox?: string,
): Promise<Stage> {
  const operator = asOperator(gateway, signingKeys)
  const skus = await productsOf(operator, plentiful + scarce)
  await Promise.all(
    skus.map((sku, index) =>
      setStock(operator, sku, index < plentiful ? orders * 2 : Math.ceil(orders / 40)),
    ),
  )
  const registered: Customer[] = []
  while (registered.length < customers) {
    const some = Math.min(atATime, customers - registered.length)
    registered.push(...(await Promise.all(Array.from({ length: some }, () => register(gateway)))))
  }
  await Promise.all(registered.slice(mailed).map(unsubscribe))
  if (inbox)
    for (const customer of registered.slice(0, mailed)) await confirmEmail(gateway, inbox, customer)
  return { operator, customers: registered, skus }
}

/** Turns off all mails for a customer. */
export async function unsubscribe({ ask }: Customer): Promise<void> {
  const body = { orderUpdates: false, paymentUpdates: false, marketing: false }
  await withRetries(() => ask({ method: 'PUT', path: '/users/me/preferences', body }), {
    forMs: 30_000,
  })
}

async function productsOf(operator: Asker, limit: number): Promise<string[]> {
  const reply = await operator.ask({ method: 'GET', path: `/products?limit=${limit}&sort=name` })
  return (reply.body.items as { sku: string }[]).map(({ sku }) => sku)
}

/** Adjusts the stock of a product to exactly `onHand` units. */
export async function setStock(operator: Asker, sku: string, onHand: number): Promise<void> {
  const path = `/products/${sku}/stock`
  const stock = await operator.ask({ method: 'GET', path })
  const delta = onHand - Number(stock.body.onHand)
  if (delta === 0) return
  const body = { delta, reason: 'stock-taking' }
  const headers = { 'idempotency-key': randomUUID() }
  const reply = await withRetries(() => operator.ask({ method: 'POST', path, body, headers }), {
    forMs: 30_000,
  })
  if (reply?.status !== 200) throw new Error(`the stock of ${sku} was not set: ${reply?.text}`)
}
