import { testDatabase } from '@sidecart/testing/database.ts'
import { until } from '@sidecart/testing/until.ts'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { password, startUsers } from './testing.ts'

let shop: Awaited<ReturnType<typeof startUsers>>
let other: Pick<typeof shop, 'ask'>
beforeAll(async () => {
  shop = await startUsers(await testDatabase('users'))
  other = shop.anotherInstance()
})
afterAll(() => shop.stop())

let last = 0
/** An address that nobody else in this file has. */
const anAddress = () => {
  last += 1
  return `10.${last >> 16}.${(last >> 8) & 255}.${last & 255}`
}

const signIn = (email: string, given: string, client: string, instance: typeof other = other) =>
  instance.ask('POST', '/sessions', { body: { email, password: given }, client })

/** Wrong passwords, one after the other, at both instances in turn. */
async function guess(times: number, email: () => string, client: () => string) {
  const statuses: number[] = []
  for (let n = 0; n < times; n += 1)
    statuses.push((await signIn(email(), `guess ${n}`, client(), n % 2 ? shop : other)).status)
  return statuses
}

/** Counted as so many wrong passwords, without trying them all. */
async function countWrong(rule: string, times: number) {
  await shop.database.rows
    .updateTable('limits')
    .set({ points: times })
    .where('key', 'like', `${rule}:%`)
    .execute()
}

async function somebodyAt(client: string) {
  const email = `${uuid()}@example.com`
  const body = { email, name: 'Ada', password }
  const { status, body: profile } = await shop.ask('POST', '/users', { body, client })
  expect([status, (await shop.confirm(String(profile.userId))).status]).toEqual([201, 200])
  return email
}

describe('wrong passwords', () => {
  test('for one account from one address are stopped after ten, by both instances together', async () => {
    const client = anAddress()
    const email = await somebodyAt(anAddress())
    const statuses = await guess(
      12,
      () => email,
      () => client,
    )
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429])
    const answer = await signIn(email, password, client)
    expect([answer.status, answer.body.code]).toEqual([429, 'too-many-requests'])
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    const seconds = Number(answer.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(900)
  })

  test('of a stranger elsewhere lock nobody out', async () => {
    const home = anAddress()
    const email = await somebodyAt(home)
    const stranger = anAddress()
    await guess(
      15,
      () => email,
      () => stranger,
    )
    expect((await signIn(email, password, home)).status).toBe(200)
    expect((await signIn(email, password, anAddress())).status).toBe(200)
  })

  test('from everywhere stop what is new to the account, and never a known address', async () => {
    const home = anAddress()
    const email = await somebodyAt(home)
    await guess(2, () => email, anAddress)
    await countWrong('wrongPerAccount', 100)
    expect((await signIn(email, password, anAddress())).status).toBe(429)
    expect((await signIn(email, password, home)).status).toBe(200)
  })

  test('for many accounts from one address leave those alone who signed in there before', async () => {
    const proxy = anAddress()
    const colleague = await somebodyAt(proxy)
    await guess(
      2,
      () => `${uuid()}@example.com`,
      () => proxy,
    )
    await countWrong('wrongPerNetwork', 100)
    expect((await signIn(`${uuid()}@example.com`, password, proxy)).status).toBe(429)
    expect((await signIn(colleague, password, proxy)).status).toBe(200)
    expect((await signIn(colleague, password, anAddress())).status).toBe(200)
  })

  test('sent all at once are not tried more often than allowed', async () => {
    const client = anAddress()
    const email = await somebodyAt(anAddress())
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        signIn(email, `guess ${n}`, client, n % 2 ? shop : other),
      ),
    )
    const tried = answers.filter(({ status }) => status === 401)
    expect(tried).toHaveLength(10)
  })

  test('are counted for the whole network of an IPv6 address', async () => {
    const email = await somebodyAt(anAddress())
    const statuses = await guess(
      11,
      () => email,
      () => `2001:db8:0:1::${anAddress().split('.').at(-1)}`,
    )
    expect(statuses.at(-1)).toBe(429)
  })

  test('at a change of password are stopped too', async () => {
    const client = anAddress()
    const email = await somebodyAt(client)
    const token = String((await signIn(email, password, client)).body.accessToken)
    const body = { currentPassword: 'not this one', newPassword: 'another horse entirely' }
    const change = () => shop.ask('POST', '/users/me/password', { body, token, client })
    for (let n = 0; n < 10; n += 1) expect((await change()).status).toBe(403)
    expect((await change()).status).toBe(429)
  })

  test('are forgiven by the right one', async () => {
    const client = anAddress()
    const email = await somebodyAt(client)
    for (let round = 0; round < 3; round += 1) {
      const wrong = await guess(
        9,
        () => email,
        () => client,
      )
      expect(wrong).toEqual(Array(9).fill(401))
      expect((await signIn(email, password, client)).status).toBe(200)
    }
  })
})

describe('right passwords', () => {
  test('are limited for one account from one address', async () => {
    const client = anAddress()
    const email = await somebodyAt(client)
    expect((await signIn(email, password, client)).status).toBe(200)
    await countWrong('signInsPerAccountAndNetwork', 99)
    expect((await signIn(email, password, client)).status).toBe(200)
    const answer = await signIn(email, password, client, shop)
    expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([429, true])
    expect((await signIn(email, password, anAddress())).status).toBe(200)
  })
})

describe('registrations', () => {
  const register = (client: string, instance: typeof other = shop) => {
    const body = { email: `${uuid()}@example.com`, name: 'Ada', password }
    return instance.ask('POST', '/users', { body, client })
  }

  test('are limited per address, by both instances together', async () => {
    const client = anAddress()
    const common = { email: `${uuid()}@example.com`, name: 'Eve', password: 'password123' }
    expect((await shop.ask('POST', '/users', { body: common, client })).status).toBe(422)
    for (let n = 0; n < 100; n += 1)
      expect((await register(client, n % 2 ? shop : other)).status).toBe(201)
    const answer = await register(client, other)
    expect([answer.status, answer.body.code]).toEqual([429, 'too-many-requests'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await register(anAddress())).status).toBe(201)
  })

  test('are limited in all', async () => {
    await register(anAddress())
    await countWrong('registrations', 3_000)
    expect((await register(anAddress(), other)).status).toBe(429)
    await countWrong('registrations', 0)
  })

  test('that fail for no fault of the client do not count', async () => {
    const client = anAddress()
    await register(client)
    const countOf = () =>
      shop.database.rows
        .selectFrom('limits')
        .select('points')
        .where('key', '=', `registrationsPerNetwork:${client}`)
        .executeTakeFirst()
    const before = await countOf()
    const broken = shop.anotherInstance({
      passwords: {
        match: async () => false,
        hash: () => Promise.reject(new Error('no memory')),
      },
    })
    expect((await register(client, broken)).status).toBe(500)
    expect(await countOf()).toEqual(before)
  })
})

describe('requests', () => {
  const count = async (client: string, requests: number, instance: typeof other) => {
    const { status, body } = await instance.ask('POST', '/internal/requests', {
      body: { client, requests },
    })
    expect(status).toBe(200)
    return body as { total: number; endsInMs: number }
  }

  test('of one client in a second are counted by all instances together', async () => {
    const client = `network ${anAddress()}`
    const first = await count(client, 10, shop)
    expect(first.total).toBe(10)
    expect(first.endsInMs).toBeGreaterThan(0)
    const both = await Promise.all(
      Array.from({ length: 10 }, (_, n) => count(client, 5, n % 2 ? shop : other)),
    )
    expect(both.map(({ total }) => total).toSorted((a, b) => a - b)).toEqual([
      15, 20, 25, 30, 35, 40, 45, 50, 55, 60,
    ])
    for (const { endsInMs } of both) expect(endsInMs).toBeLessThanOrEqual(1_000)
    expect((await count(`network ${anAddress()}`, 7, other)).total).toBe(7)
  })

  test('of the next second are counted from the start', async () => {
    const client = `network ${anAddress()}`
    await count(client, 10, shop)
    const again = () => count(client, 1, other).then(({ total }) => total === 1)
    await until('the next second begins', again, 5_000, 1_100)
  })
})

describe('the security log', () => {
  const events = () =>
    shop.lines.map((line) => JSON.parse(line)).filter(({ securityEvent }) => securityEvent)

  test('has who failed to sign in and from where, without e-mail or password', async () => {
    const client = anAddress()
    const email = await somebodyAt(client)
    const { body } = await signIn(email, password, client, shop)
    shop.lines.length = 0
    await signIn(email, 'not this one', client, shop)
    // without the counts of lines left out, which follow at the end of each window
    const attempts = () => events().filter((event) => 'sourceIp' in event)
    expect(attempts()).toMatchObject([
      { securityEvent: 'authn_login_fail', userId: expect.any(String), sourceIp: client },
    ])
    await signIn(email, password, client, shop)
    expect(attempts()).toMatchObject([{}, { securityEvent: 'authn_login_success' }])
    const log = shop.lines.join('')
    for (const secret of [email, 'not this one', password, body.accessToken, body.refreshToken])
      expect(log).not.toContain(secret)
  })
})
