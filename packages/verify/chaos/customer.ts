import { randomUUID } from 'node:crypto'
import type { HttpClient, Request, Said } from '@sidecart/client/http-client.ts'
import { withRetries } from '@sidecart/client/http-client.ts'
import { awaitToken } from '@sidecart/client/mail-catcher.ts'
import { createMachineTokens } from '@sidecart/platform/config/machine-token.ts'

export type Asker = { ask(request: Request): Promise<Said> }

/** A signed-in customer. An expired access token is renewed by signing in again. */
export type Customer = Asker & { customerId: string; email: string }

/** The owner of the shop's keys, with the rights of an operator. */
export function asOperator(door: HttpClient, signingKeys: string): Asker {
  const token = createMachineTokens(signingKeys)
  return {
    ask: async (request) => {
      const authorization = `Bearer ${await token()}`
      return door.ask({ ...request, headers: { ...request.headers, authorization } })
    },
  }
}

const patienceMs = 60_000

/** Registers a new customer. */
export async function register(door: HttpClient): Promise<Customer> {
  const email = `${randomUUID()}@chaos.example`
  const password = randomUUID()
  const body = { email, password, name: 'Charlie Chaos' }
  await withRetries(() => door.ask({ method: 'POST', path: '/users', body }), { forMs: patienceMs })
  return signIn(door, email, password)
}

/** Opens the link of the mail that confirms a customer's e-mail: until then the customer gets no other. */
export async function confirmEmail(
  door: HttpClient,
  inbox: string,
  { email }: Customer,
): Promise<void> {
  const body = { token: await awaitToken(inbox, email) }
  const said = await withRetries(() => door.ask({ method: 'POST', path: '/confirmations', body }), {
    forMs: patienceMs,
  })
  // repeated after an answer that was lost, it was used
  if (said?.status !== 200 && said?.body.code !== 'link-void')
    throw new Error(`confirming ${email} failed: ${said?.text}`)
}

/** @throws Error when the shop does not let them in */
export async function signIn(door: HttpClient, email: string, password: string): Promise<Customer> {
  let authorization = await enter()

  async function enter(): Promise<string> {
    const body = { email, password }
    const said = await withRetries(() => door.ask({ method: 'POST', path: '/sessions', body }), {
      forMs: patienceMs,
    })
    if (said?.status !== 200) throw new Error(`signing in as ${email} failed: ${said?.text}`)
    return `Bearer ${said.body.accessToken}`
  }

  async function ask(request: Request): Promise<Said> {
    const said = await door.ask({ ...request, headers: { ...request.headers, authorization } })
    if (said.status === 401) authorization = await enter()
    return said
  }

  const me = await withRetries(() => ask({ method: 'GET', path: '/users/me' }), {
    forMs: patienceMs,
  })
  return { customerId: String(me?.body.userId), email, ask }
}
