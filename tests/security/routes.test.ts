import { randomUUID } from 'node:crypto'
import { until } from '@sidecart/testing/until.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  ask,
  gateway,
  newCustomer,
  operator,
  orderOf,
  type Person,
  placed,
  reaches,
  shipTo,
} from '../system/client.ts'
import { badTokens, goodToken } from './identities.ts'
import { table } from './routes.ts'

let owner: Person
let stranger: Person
let ops: Person
let bad: Record<string, string>
let ids: Record<string, string>

beforeAll(async () => {
  ;[owner, stranger, ops] = await Promise.all([newCustomer(), newCustomer(), operator()])
  const orderId = await placed(owner, orderOf('MUG-ENAMEL-BLUE'))
  await reaches(owner, orderId, ['confirmed'])
  const address = await owner.ask('POST', '/users/me/addresses', shipTo)
  const mails = await ops.ask('GET', '/notifications')
  const [mail] = (mails.body.notifications ?? []) as { mailId: string }[]
  ids = {
    orderId,
    addressId: String(address.body.addressId),
    mailId: mail?.mailId ?? randomUUID(),
    sku: 'MUG-ENAMEL-BLUE',
    eventId: randomUUID(),
    id: randomUUID(),
    // an operator ends the sessions of this one
    userId: (await newCustomer()).userId,
  }
  bad = {
    ...(await badTokens(ops.userId, await refreshTokenOf(owner))),
    'of an ended session': await endedToken(owner),
  }
})

async function tokensOf(email: string): Promise<Record<string, unknown>> {
  const password = randomUUID()
  await ask('POST', '/users', { email, password, name: 'Ada' })
  return (await ask('POST', '/sessions', { email, password })).body
}

const refreshTokenOf = async ({ email }: Person): Promise<string> =>
  String((await tokensOf(`other-${email}`)).refreshToken)

/** Gateways learn within seconds that a session has ended. */
async function endedToken({ email }: Person): Promise<string> {
  const { accessToken, refreshToken } = await tokensOf(`ended-${email}`)
  await ask('POST', '/sessions/logout', { refreshToken })
  const authorization = `Bearer ${accessToken}`
  const isRefused = async () =>
    (await ask('GET', '/users/me', undefined, { authorization })).status === 401
  await until('the token is refused', isRefused, 10_000, 200)
  return String(accessToken)
}

const parts = (route: string): [method: string, path: string] => {
  const [method = '', template = ''] = route.split(' ')
  return [method, template.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '')]
}

/** The status alone: an event stream goes on for as long as somebody listens. */
async function statusOf(route: string, authorization?: string): Promise<number> {
  const [method, path] = parts(route)
  const { body, headers } = table[route] ?? {}
  const answer = await fetch(`${gateway}${path}`, {
    method,
    headers: {
      ...headers,
      ...(authorization && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  await answer.body?.cancel()
  return answer.status
}

it('every route of the API document has a line in the table, and no line is of a route that has gone', async () => {
  const { body } = await ask('GET', '/openapi.json')
  const paths = Object.entries(body.paths as Record<string, object>)
  const documented = paths.flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(documented.filter((route) => !(route in table))).toEqual([])
  const undocumented = /dead-letters|\/events$|\/operations\//
  const lines = Object.keys(table).filter((route) => !undocumented.test(route))
  expect(lines.filter((route) => !documented.includes(route))).toEqual([])
})

describe.each(Object.entries(table))('%s', (route, { answers }) => {
  it('opens to no bad token, also where none is needed', async () => {
    for (const [what, token] of Object.entries(bad))
      expect([what, await statusOf(route, `Bearer ${token}`)]).toEqual([what, 401])
  })

  it('answers everybody what the table says', async () => {
    const authorizations = [undefined, stranger, owner, ops].map((who) => who?.authorization)
    const found: number[] = []
    for (const authorization of authorizations) found.push(await statusOf(route, authorization))
    expect(found).toEqual(answers)
  })
})

it('a token made like the bad ones, without their fault, is good', async () => {
  expect(await statusOf('GET /users/me', `Bearer ${await goodToken(ops.userId)}`)).toBe(200)
})
