import { randomUUID } from 'node:crypto'
import type { HttpClient, Reply, Request } from '@sidecart/client/http-client.ts'
import { withRetries } from '@sidecart/client/http-client.ts'
import { awaitToken } from '@sidecart/client/mail-catcher.ts'
import { createMachineTokens } from '@sidecart/platform/config/identity/machine-token.ts'

export type Asker = { ask(request: Request): Promise<Reply> }

/** A signed-in customer. An expired access token is renewed by signing in again. */
export type Customer = Asker & { customerId: string; email: string }

/** The owner of the shop's keys, with the rights of an operator. */
export function asOperator(gateway: HttpClient, signingKeys: string): Asker {
  const token = createMachineTokens(signingKeys)
  return {
    ask: async (request) => {
      const authorization = `Bearer ${await token()}`
      return gateway.ask({ ...request, headers: { ...request.headers, authorization } })
    },
  }
}

const patienceMs = 60_000

/** Registers a new customer. */
export async function register(gateway: HttpClient): Promise<Customer> {
  const email = `${randomUUID()}@chaos.example`
  const password = randomUUID()
  const body = { email, password, name: 'Charlie Chaos' }
  await withRetries(() => gateway.ask({ method: 'POST', path: '/users', body }), {
    forMs: patienceMs,
  })
  return signIn(gateway, email, password)
}

/** Opens the link of the mail that confirms a customer's e-mail: until then the customer gets no other. */
export async function confirmEmail(
  gateway: HttpClient,
  inbox: string,
  { email }: Customer,
): Promise<void> {
  const body = { token: await awaitToken(inbox, email) }
  const reply = await withRetries(
    () => gateway.ask({ method: 'POST', path: '/confirmations', body }),
    {
      forMs: patienceMs,
    },
  )
  // repeated after an answer that was lost, it was used
  if (reply?.status !== 200 && reply?.body.code !== 'link-void')
    throw new Error(`confirming ${email} failed: ${reply?.text}`)
}

/** @throws Error when the shop does not let them in */
export async function signIn(
  gateway: HttpClient,
  email: string,
  password: string,
): Promise<Customer> {
  let authorization = await enter()

  async function enter(): Promise<string> {
    const body = { email, password }
    const reply = await withRetries(
      () => gateway.ask({ method: 'POST', path: '/sessions', body }),
      {
        forMs: patienceMs,
      },
    )
    if (reply?.status !== 200) throw new Error(`signing in as ${email} failed: ${reply?.text}`)
    return `Bearer ${reply.body.accessToken}`
  }

  async function ask(request: Request): Promise<Reply> {
    const reply = await gateway.ask({ ...request, headers: { ...request.headers, authorization } })
    if (reply.status === 401) authorization = await enter()
    return reply
  }

  const me = await withRetries(() => ask({ method: 'GET', path: '/users/me' }), {
    forMs: patienceMs,
  })
  return { customerId: String(me?.body.userId), email, ask }
}
