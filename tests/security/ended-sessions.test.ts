import { randomUUID } from 'node:crypto'
import { until } from '@sidecart/testing/until.ts'
import { expect, it } from 'vitest'
import {
  type Answer,
  ask,
  gateway,
  newCustomer,
  operator,
  orderOf,
  placed,
} from '../system/client.ts'

const password = randomUUID()
type Session = { token: string; refreshToken: string }

async function signIn(email: string): Promise<Session> {
  const { body } = await ask('POST', '/sessions', { email, password })
  return { token: String(body.accessToken), refreshToken: String(body.refreshToken) }
}
const as = ({ token }: Session, method: string, path: string, body?: unknown): Promise<Answer> =>
  ask(method, path, body, { authorization: `Bearer ${token}` })

/** Requests to several services with the access token alone, as of anyone who has stolen it. */
const statuses = async (stolen: Session): Promise<number[]> => {
  const paths = ['/users/me', '/orders', '/orders/sagas']
  return Promise.all(paths.map(async (path) => (await as(stolen, 'GET', path)).status))
}

const ends: Record<string, (stolen: Session, userId: string) => Promise<Answer>> = {
  'signing out': ({ refreshToken }) => ask('POST', '/sessions/logout', { refreshToken }),
  'the end of every own session': (session) =>
    as(session, 'POST', '/users/me/sessions/revocation', { currentPassword: password }),
  'another password': (session) =>
    as(session, 'POST', '/users/me/password', {
      currentPassword: password,
      newPassword: randomUUID(),
    }),
  'an operator': async (_stolen, userId) =>
    (await operator()).ask('DELETE', `/users/${userId}/sessions`),
}

it.each(Object.entries(ends))(
  'an access token opens nothing within seconds after its session was ended by %s',
  async (_way, end) => {
    const email = `${randomUUID()}@example.com`
    const registered = await ask('POST', '/users', { email, password, name: 'Ada Tester' })
    const stolen = await signIn(email)
    expect(await statuses(stolen)).toEqual([200, 200, 403])
    const { status } = await end(stolen, String(registered.body.userId))
    expect([200, 204]).toContain(status)
    const isRefused = async () => (await statuses(stolen)).every((status) => status === 401)
    await until('the token is refused', isRefused, 10_000, 200)
    const { body } = await as(stolen, 'GET', '/users/me')
    expect(body.code).toBe('unauthenticated')
  },
)

it('a stream that follows an order ends with the session', async () => {
  const customer = await newCustomer()
  const orderId = await placed(customer, orderOf('MUG-ENAMEL-BLUE'))
  const { authorization } = customer
  const stream = await fetch(`${gateway}/orders/${orderId}/events`, {
    headers: { authorization },
    signal: AbortSignal.timeout(20_000),
  })
  expect(stream.status).toBe(200)
  await (await operator()).ask('DELETE', `/users/${customer.userId}/sessions`)
  expect(await stream.text()).toContain('event: order')
})

it('and of others it ends nothing', async () => {
  const { ask: asOther } = await newCustomer()
  expect((await asOther('GET', '/users/me')).status).toBe(200)
})
