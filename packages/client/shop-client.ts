import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createMachineTokens } from '@sidecart/platform/config/identity/machine-token.ts'
import { UserError } from '@sidecart/platform/config/project.ts'
import type { Places } from './connection-info.ts'

/** A rejected request, with the problem document of the response. */
export class ShopProblem extends UserError {
  override name = 'ShopProblem'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, detail: string) {
    super(detail)
    this.status = status
    this.code = code
  }
}

export type OrderRequest = { sku: string; quantity: number; card: string; idempotencyKey?: string }

export type OrderResult = {
  orderId: string
  status: string
  reason?: string
  /** Milliseconds from the request until the order was accepted. */
  acceptMs: number
  /** Milliseconds from the request until the order reached a final state. */
  completeMs: number
}

export type ShopClient = {
  /** Returns the access token that the client sends. */
  token(): Promise<string>
  /** Returns the JSON of the response. @throws ShopProblem */
  ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  placeOrder(request: OrderRequest): Promise<{ orderId: string }>
  /** Places an order and waits until the order is confirmed, cancelled or parked for an operator. */
  orderToRest(request: OrderRequest, timeoutMs: number): Promise<OrderResult>
}

const resting = ['confirmed', 'cancelled', 'needs_attention']
const shipTo = {
  name: 'Demo Customer',
  street: 'Harbour Road 1',
  postalCode: '20457',
  city: 'Hamburg',
  country: 'DE',
}

/**
 * Signs in through the gateway and returns a client for the customer. @throws ShopProblem, or UserError when nothing
 * listens
 */
export async function signIn(
  gateway: string,
  email: string,
  password: string,
): Promise<ShopClient> {
  const { accessToken } = await askAt(gateway, 'POST', '/sessions', { email, password })
  return clientWith(gateway, async () => String(accessToken))
}

/**
 * Returns a client with the rights of an operator, for the owner of the shop's keys: it needs no account, so it also
 * works where no operator was invited yet, and where operators need a second factor.
 */
export const asOperator = ({ gateway, signingKeys }: Pick<Places, 'gateway' | 'signingKeys'>) =>
  clientWith(gateway, createMachineTokens(signingKeys))

function clientWith(gateway: string, token: () => Promise<string>): ShopClient {
  const as = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const authorization = `Bearer ${await token()}`
    return askAt(gateway, method, path, body, { authorization, ...headers })
  }

  async function placeOrder({
    sku,
    quantity,
    card,
    idempotencyKey = randomUUID(),
  }: OrderRequest): Promise<{ orderId: string }> {
    const order = { lines: [{ sku, quantity }], shipTo, card, cartId: idempotencyKey }
    const { orderId } = await as('POST', '/orders', order, { 'idempotency-key': idempotencyKey })
    return { orderId: String(orderId) }
  }

  async function orderToRest(request: OrderRequest, timeoutMs: number): Promise<OrderResult> {
    const startedAt = performance.now()
    const since = () => Math.round(performance.now() - startedAt)
    const { orderId } = await placeOrder(request)
    const acceptMs = since()
    while (since() < timeoutMs) {
      const { status, reason } = await as('GET', `/orders/${orderId}`)
      if (resting.includes(String(status))) {
        return {
          orderId,
          status: String(status),
          ...(reason !== undefined && { reason: String(reason) }),
          acceptMs,
          completeMs: since(),
        }
      }
      await sleep(20)
    }
    throw new UserError(
      `order ${orderId} has not come to rest in ${timeoutMs / 1000} s; see: ./sidecart logs orders`,
    )
  }

  return { token, ask: as, placeOrder, orderToRest }
}

export async function askAt(
  gateway: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const answer = await fetch(`${gateway}${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new UserError(`Nobody answers at ${gateway}. Is the shop up? ./sidecart status`, {
      cause,
    })
  })
  const payload = (await answer.json().catch(() => ({}))) as Record<string, unknown>
  if (!answer.ok)
    throw new ShopProblem(
      answer.status,
      String(payload.code ?? answer.status),
      String(payload.detail ?? payload.title ?? answer.statusText),
    )
  return payload
}
