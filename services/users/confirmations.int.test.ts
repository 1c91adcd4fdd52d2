import { createLog } from '@sidecart/chassis/observability/log.ts'
import { type Database, openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { testDatabase } from '@sidecart/testing/database.ts'
import { CompiledQuery } from 'kysely'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Confirmation } from './confirmation-contract.ts'
import { migrations } from './migrations/index.ts'
import type { UsersTables } from './store.ts'
import { type Answer, password, startUsers } from './testing.ts'

let shop: Awaited<ReturnType<typeof startUsers>>
beforeAll(async () => {
  shop = await startUsers(await testDatabase('users'))
})
afterAll(() => shop.stop())

const newEmail = () => `${uuid()}@example.com`
const register = (email: string, secret = password, name = 'Ada') =>
  shop.ask('POST', '/users', { body: { email, name, password: secret } })
const signIn = (email: string, secret: string, client?: string) =>
  shop.ask('POST', '/sessions', {
    body: { email, password: secret },
    ...(client && { client }),
  })
const confirmWith = (token: string, more = {}) =>
  shop.ask('POST', '/confirmations', { body: { token }, ...more })
const profile = async (token: string) => (await shop.ask('GET', '/users/me', { token })).body
const resend = (token: string) => shop.ask('POST', '/users/me/confirmation', { token })
const changeEmail = (token: string, email: string, more = {}) =>
  shop.ask('PATCH', '/users/me', { token, body: { email, currentPassword: password, ...more } })

/** Somebody whose e-mail is confirmed. */
async function confirmed() {
  const person = await shop.somebody()
  expect((await shop.confirm(person.userId)).status).toBe(200)
  return person
}

/** The ids of the mails that are due to somebody's account. */
const mailsDue = async (userId: string): Promise<string[]> =>
  (await shop.emitted(userId)).flatMap(({ data }) =>
    data.confirmation ? [(data.confirmation as Confirmation).confirmationId] : [],
  )

/** What an answer tells to somebody who knows what they sent. */
const shapeOf = ({ status, headers, body }: Answer) => ({
  status,
  headers: [...headers.keys()].filter((name) => name !== 'x-request-id'),
  body: { ...body, userId: '', registeredAt: '', email: '', requestId: '', instance: '' },
})

describe('registering an e-mail that has an account', () => {
  test('is answered as for one that has none, and so is everything after it', async () => {
    const known = await confirmed()
    const waiting = await shop.somebody()
    const stories = []
    for (const email of [newEmail(), known.email, waiting.email]) {
      const registered = await register(email, 'a password of their own')
      const session = await signIn(email, 'a password of their own')
      const token = String(session.body.accessToken)
      const me = await shop.ask('GET', '/users/me', { token })
      const wrong = await signIn(email, 'not that one')
      const again = await resend(token)
      const due = await mailsDue(String(registered.body.userId))
      session.body = Object.fromEntries(Object.keys(session.body).map((key) => [key, '']))
      stories.push([...[registered, session, me, wrong, again].map(shapeOf), due.length])
    }
    expect(stories[1]).toEqual(stories[0])
    expect(stories[2]).toEqual(stories[0])
    expect(stories[0]).toMatchObject([
      { status: 201, body: { emailConfirmed: false } },
      { status: 200 },
      { status: 200 },
      { status: 401 },
      { status: 204 },
      2,
    ])
  })

  test('changes nothing for its owner, who signs in as before', async () => {
    const owner = await confirmed()
    const stranger = await register(owner.email.toUpperCase(), 'a password of their own')
    expect(stranger.body.userId).not.toBe(owner.userId)
    const { token } = await shop.signIn(owner.email)
    expect(await profile(token)).toMatchObject({ userId: owner.userId, emailConfirmed: true })
  })

  test('with the owner’s password signs the owner in to the account that is there', async () => {
    const owner = await confirmed()
    await register(owner.email)
    const { token } = await shop.signIn(owner.email)
    expect((await profile(token)).userId).toBe(owner.userId)
  })

  test('is due a mail without a link', async () => {
    const owner = await confirmed()
    const { body } = await register(owner.email, 'a password of their own')
    const [confirmationId] = await mailsDue(String(body.userId))
    const issued = await shop.ask('POST', '/internal/confirmations', { body: { confirmationId } })
    expect([issued.status, issued.body]).toEqual([200, {}])
  })

  test('and is not confirmed yet: the newest registration signs in, and who gets the mail owns it', async () => {
    const email = newEmail()
    const thief = await register(email, 'the thief came first')
    const owner = await register(email)
    expect((await signIn(email, 'the thief came first')).status).toBe(401)
    const thiefsLink = await shop.linkOf(String(thief.body.userId))
    expect((await shop.confirm(String(owner.body.userId))).body).toEqual({ email })
    expect((await profile((await shop.signIn(email)).token)).userId).toBe(owner.body.userId)
    const late = await confirmWith(thiefsLink)
    expect([late.status, late.body.code]).toEqual([409, 'email-taken'])
  })

  test('buys no guesses at the password of its owner', async () => {
    const owner = await confirmed()
    const client = '198.51.100.7'
    await register(owner.email, 'a password of their own')
    const statuses = []
    for (let round = 0; round < 3; round += 1) {
      for (let n = 0; n < 4; n += 1)
        statuses.push((await signIn(owner.email, `guess ${round} ${n}`, client)).status)
      statuses.push((await signIn(owner.email, 'a password of their own', client)).status)
    }
    expect(statuses.slice(0, 10)).toEqual([401, 401, 401, 401, 200, 401, 401, 401, 401, 200])
    expect(statuses.slice(10)).toEqual([401, 401, 429, 429, 429])
    expect((await signIn(owner.email, password)).status).toBe(200)
  })

  test('ten at once are ten accounts, one of which can be confirmed', async () => {
    const email = newEmail()
    const answers = await Promise.all(Array.from({ length: 6 }, () => register(email)))
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(201))
    const links = []
    for (const { body } of answers) links.push(await shop.linkOf(String(body.userId)))
    const outcomes = await Promise.all(links.map((link) => confirmWith(link)))
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual([200, ...Array(5).fill(409)])
  })
})

describe('a link', () => {
  test('confirms the e-mail, once, without a sign-in, and emits it', async () => {
    const { userId, email, token } = await shop.somebody()
    const link = await shop.linkOf(userId)
    const answer = await confirmWith(link)
    expect([answer.status, answer.body, answer.headers.get('cache-control')]).toEqual([
      200,
      { email },
      'no-store',
    ])
    expect(await profile(token)).toMatchObject({ email, emailConfirmed: true })
    expect((await shop.emitted(userId)).at(-1)).toMatchObject({
      topic: 'users-contact-changed-v1',
      data: { email, confirmed: true, version: 2 },
    })
    const again = await confirmWith(link)
    expect([again.status, again.body.code]).toEqual([410, 'link-void'])
    expect(await shop.emitted(userId)).toHaveLength(2)
  })

  test('that is wrong is answered as one that was used', async () => {
    const { userId } = await shop.somebody()
    const link = await shop.linkOf(userId)
    await confirmWith(link)
    const [used, wrong] = [await confirmWith(link), await confirmWith('x'.repeat(43))]
    expect({ ...wrong.body, requestId: '' }).toEqual({ ...used.body, requestId: '' })
  })

  test('is good for a day', async () => {
    const [one, other] = [await shop.somebody(), await shop.somebody()]
    const links = [await shop.linkOf(one.userId), await shop.linkOf(other.userId)] as const
    shop.wait(24 * 3_600 - 1)
    expect((await confirmWith(links[0])).status).toBe(200)
    shop.wait(1)
    expect((await confirmWith(links[1])).body.code).toBe('link-void')
    await shop.confirmations.forgetExpired(shop.clock.now)
    const left = await shop.database.rows
      .selectFrom('confirmation_tokens')
      .selectAll()
      .where('user_id', '=', other.userId)
      .execute()
    expect(left).toEqual([])
  })

  test('of another account confirms that one, not the account that is signed in', async () => {
    const [one, other] = [await shop.somebody(), await shop.somebody()]
    const link = await shop.linkOf(one.userId)
    expect((await confirmWith(link, { token: other.token })).body).toEqual({ email: one.email })
    expect(await profile(other.token)).toMatchObject({ emailConfirmed: false })
    expect(await profile(one.token)).toMatchObject({ emailConfirmed: true })
  })

  test('sent again is another one, and the first stays good', async () => {
    const { userId, token } = await shop.somebody()
    const first = await shop.linkOf(userId)
    expect((await resend(token)).status).toBe(204)
    expect(await shop.linkOf(userId)).not.toBe(first)
    expect((await confirmWith(first)).status).toBe(200)
    const nothing = await resend(token)
    expect([nothing.status, nothing.body.code]).toEqual([409, 'email-confirmed'])
  })

  test('is made for confirmations that are awaited only', async () => {
    const body = { confirmationId: uuid() }
    const answer = await shop.ask('POST', '/internal/confirmations', { body })
    expect([answer.status, answer.body.code]).toEqual([404, 'not-found'])
  })

  test('is in no event, no log and no table, only its hash', async () => {
    const { userId } = await shop.somebody()
    const link = await shop.linkOf(userId)
    await confirmWith(link.slice(1))
    const { rows: tables } = await dump(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    )
    let text = shop.lines.join('')
    for (const { name } of tables) {
      const { rows } = await dump(`select to_jsonb(t)::text as row from "${name}" as t`)
      text += rows.map(({ row }) => row).join('\n')
    }
    expect(text).toContain(userId)
    expect(text).not.toContain(link)
    // a column of bytes is shown in hexadecimal digits
    expect(text).not.toContain(Buffer.from(link).toString('hex').slice(0, 32))
    expect((await confirmWith(link)).status).toBe(200)
    expect(shop.lines.join('')).not.toContain(link)
  })
})

/** Rows of a query that names no table of the types. */
async function dump(text: string): Promise<{ rows: Record<string, string>[] }> {
  return shop.database.rows.executeQuery(CompiledQuery.raw(text)) as never
}

describe('another e-mail', () => {
  test('takes the place of the e-mail when it is confirmed; until then one signs in with the old one', async () => {
    const { userId, email, token } = await confirmed()
    const next = newEmail()
    const asked = await changeEmail(token, next, { name: 'Countess' })
    expect(asked).toMatchObject({
      status: 200,
      body: { email, emailConfirmed: true, pendingEmail: next, name: 'Countess' },
    })
    expect((await signIn(email, password)).status).toBe(200)
    expect((await signIn(next, password)).status).toBe(401)
    expect((await shop.confirm(userId)).body).toEqual({ email: next })
    expect((await signIn(email, password)).status).toBe(401)
    const { token: renewed } = await shop.signIn(next)
    const me = await profile(renewed)
    expect(me).toMatchObject({ userId, email: next, emailConfirmed: true })
    expect(me).not.toHaveProperty('pendingEmail')
    expect((await shop.emitted(userId)).at(-1)).toMatchObject({
      data: { email: next, formerEmail: email, confirmed: true },
    })
  })

  test('is for those who know the password', async () => {
    const { token } = await confirmed()
    const body = { email: newEmail() }
    expect((await shop.ask('PATCH', '/users/me', { token, body })).status).toBe(400)
    const guessed = await changeEmail(token, body.email, { currentPassword: 'guessed it?' })
    expect([guessed.status, guessed.body.code]).toEqual([403, 'wrong-password'])
    expect(await profile(token)).not.toHaveProperty('pendingEmail')
  })

  test('that another account has is answered as one that is free, and gets no link', async () => {
    const [one, other] = [await confirmed(), await confirmed()]
    const [free, taken] = [
      await changeEmail(one.token, newEmail()),
      await changeEmail(one.token, other.email),
    ]
    const shape = (answer: Answer) => ({ ...shapeOf(answer).body, pendingEmail: '' })
    expect([taken.status, shape(taken)]).toEqual([free.status, shape(free)])
    const [, confirmationId] = (await mailsDue(one.userId)).slice(-2)
    const issued = await shop.ask('POST', '/internal/confirmations', { body: { confirmationId } })
    expect(issued.body).toEqual({})
    expect((await profile(one.token)).email).toBe(one.email)
  })

  test('that somebody else confirms meanwhile is refused', async () => {
    const [one, other] = [await confirmed(), await confirmed()]
    const wanted = newEmail()
    await changeEmail(one.token, wanted)
    await changeEmail(other.token, wanted)
    const links = [await shop.linkOf(one.userId), await shop.linkOf(other.userId)]
    const answers = await Promise.all(links.map((link) => confirmWith(link)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409])
  })

  test('of two in a row the second holds, and the first link is void', async () => {
    const { userId, token } = await confirmed()
    const [first, second] = [newEmail(), newEmail()]
    await changeEmail(token, first)
    const link = await shop.linkOf(userId)
    await changeEmail(token, second)
    expect((await confirmWith(link)).body.code).toBe('link-void')
    expect((await shop.confirm(userId)).body).toEqual({ email: second })
  })

  test('asked for while the one before is being confirmed: either comes first, and none is lost', async () => {
    for (let round = 0; round < 8; round += 1) {
      const { userId, token } = await confirmed()
      const [first, second] = [newEmail(), newEmail()]
      await changeEmail(token, first)
      const link = await shop.linkOf(userId)
      const [confirmation, change] = await Promise.all([
        confirmWith(link),
        changeEmail(token, second),
      ])
      expect(change.status).toBe(200)
      const me = await profile(token)
      expect(me.pendingEmail).toBe(second)
      expect([200, 410]).toContain(confirmation.status)
      if (confirmation.status === 200) expect(me.email).toBe(first)
      expect((await shop.confirm(userId)).body).toEqual({ email: second })
      const versions = (await shop.emitted(userId)).map(({ data }) => data.version)
      expect(versions).toEqual(versions.map((_, index) => index + 1))
    }
  })

  test('is called off by the e-mail that is there', async () => {
    const { userId, email, token } = await confirmed()
    await changeEmail(token, newEmail())
    const link = await shop.linkOf(userId)
    expect((await changeEmail(token, email)).body).not.toHaveProperty('pendingEmail')
    expect((await confirmWith(link)).body.code).toBe('link-void')
  })

  test('before the first was confirmed puts a mistyped one right', async () => {
    const { userId, token } = await shop.somebody()
    const right = newEmail()
    expect((await changeEmail(token, right)).body).toMatchObject({ pendingEmail: right })
    await shop.confirm(userId)
    expect((await profile((await shop.signIn(right)).token)).userId).toBe(userId)
    expect((await shop.emitted(userId)).at(-1)?.data).not.toHaveProperty('formerEmail')
  })
})

describe('mails that confirm', () => {
  test('are limited per account, by all instances together', async () => {
    const { userId, token } = await shop.somebody()
    const other = shop.anotherInstance()
    const statuses = []
    for (let n = 0; n < 5; n += 1)
      statuses.push(
        (await (n % 2 ? other : shop).ask('POST', '/users/me/confirmation', { token })).status,
      )
    expect(statuses).toEqual([204, 204, 204, 204, 429])
    const refused = await resend(token)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await mailsDue(userId)).toHaveLength(5)
    expect((await changeEmail(token, newEmail())).status).toBe(429)
  })

  test('are limited per address, which nobody can tell', async () => {
    const email = newEmail()
    const due = []
    for (let n = 0; n < 8; n += 1) {
      const { status, body } = await register(email)
      expect(status).toBe(201)
      due.push((await mailsDue(String(body.userId))).length)
    }
    expect(due).toEqual([1, 1, 1, 1, 1, 1, 0, 0])
    const { token } = await shop.signIn(email)
    expect((await resend(token)).status).toBe(204)
  })
})

test('accounts that are there when the service is updated count as confirmed, and those that the version before adds', async () => {
  const { url, dispose } = await testDatabase('users')
  const before = Object.fromEntries(
    Object.entries(migrations).filter(([name]) => name < '006-confirmations'),
  )
  const log = createLog('users', 'silent')
  const open = (some: typeof migrations) =>
    openDatabase<UsersTables>({ connectionString: url, migrations: some, log })
  const add = (database: Database<UsersTables>, email: string) => {
    const row = { user_id: uuid(), email, name: 'Ada', role: 'customer', version: 1 }
    const wants = { order_updates: true, payment_updates: true, marketing: false }
    const values = { ...row, ...wants, registered_at: new Date(0) }
    return database.rows
      .insertInto('users')
      .values(values as UsersTables['users'])
      .execute()
  }
  const old = await open(before)
  await add(old, 'ada@example.com')
  await old.close()
  const database = await open(migrations)
  await add(database, 'grace@example.com')
  await expect(add(database, 'grace@example.com')).rejects.toThrow(/users_email_confirmed/)
  const found = await database.rows
    .selectFrom('users')
    .select(['email', 'email_confirmed_at'])
    .orderBy('email')
    .execute()
  expect(found).toEqual([
    { email: 'ada@example.com', email_confirmed_at: new Date(0) },
    { email: 'grace@example.com', email_confirmed_at: expect.any(Date) },
  ])
  await database.close()
  await dispose()
})
