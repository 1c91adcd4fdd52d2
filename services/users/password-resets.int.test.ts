import { testDatabase } from '@sidecart/testing/database.ts'
import { databaseTraffic } from '@sidecart/testing/database-traffic.ts'
import { Secret, TOTP } from 'otpauth'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, password, startUsers } from './testing.ts'

let shop: Awaited<ReturnType<typeof startUsers>>
beforeAll(async () => {
  shop = await startUsers(await testDatabase('users'))
})
afterAll(() => shop.stop())

const forget = (email: string, client?: string) =>
  shop.ask('POST', '/password-resets', { body: { email }, ...(client && { client }) })
const redeem = (token: string, newPassword = 'chosen after forgetting') =>
  shop.ask('POST', '/password-resets/redemption', { body: { token, newPassword } })
const signIn = (email: string, secret: string, more = {}, client?: string) =>
  shop.ask('POST', '/sessions', {
    body: { email, password: secret, ...more },
    ...(client && { client }),
  })
const refresh = async (refreshToken: string) =>
  (await shop.ask('POST', '/sessions/refresh', { body: { refreshToken } })).status
const issue = (resetId: string | undefined) =>
  shop.ask('POST', '/internal/password-resets', { body: { resetId } })

/** Somebody whose e-mail is confirmed. */
async function confirmed() {
  const person = await shop.somebody()
  expect((await shop.confirm(person.userId)).status).toBe(200)
  return person
}

/** Returns the token of the mail that follows a request. */
async function linkTo({ userId, email }: { userId: string; email: string }): Promise<string> {
  expect((await forget(email)).status).toBe(202)
  await shop.announceResets()
  return String((await issue((await shop.resetsDue(userId)).at(-1))).body.token)
}

const shapeOf = ({ status, headers, body }: Answer) => ({
  status,
  headers: [...headers].filter(([name]) => name !== 'x-request-id'),
  body,
})

describe('who forgot the password', () => {
  test('sets another one with the link of a mail, and is told', async () => {
    const person = await confirmed()
    const link = await linkTo(person)
    expect((await redeem(link)).status).toBe(204)
    expect((await signIn(person.email, password)).status).toBe(401)
    expect((await signIn(person.email, 'chosen after forgetting')).status).toBe(200)
    expect((await shop.emitted(person.userId)).at(-1)).toMatchObject({
      topic: 'users-contact-changed-v1',
      data: { email: person.email, passwordChanged: true },
    })
  })

  test('loses every session', async () => {
    const person = await confirmed()
    const other = await shop.signIn(person.email)
    await redeem(await linkTo(person))
    expect([await refresh(person.refreshToken), await refresh(other.refreshToken)]).toEqual([
      401, 401,
    ])
  })

  test('and runs the shop gets no tokens either, and is an operator after signing in', async () => {
    const person = await confirmed()
    await shop.database.rows
      .updateTable('users')
      .set({ role: 'operator' })
      .where('user_id', '=', person.userId)
      .execute()
    const answer = await redeem(await linkTo(person))
    expect([answer.status, answer.body]).toEqual([204, {}])
    const { body } = await signIn(person.email, 'chosen after forgetting')
    const me = await shop.ask('GET', '/users/me', { token: String(body.accessToken) })
    expect(me.body.role).toBe('operator')
  })

  test('still needs the second factor', async () => {
    const person = await confirmed()
    const path = '/users/me/second-factor'
    const { body } = await shop.ask('POST', path, {
      ...person,
      body: { currentPassword: password },
    })
    const codeNow = () =>
      new TOTP({ secret: Secret.fromBase32(String(body.secret)) }).generate({
        timestamp: shop.clock.now.getTime(),
      })
    const on = { ...person, body: { code: codeNow() } }
    expect((await shop.ask('POST', `${path}/confirmation`, on)).status).toBe(200)
    shop.wait(30)
    expect((await redeem(await linkTo(person))).status).toBe(204)
    const without = await signIn(person.email, 'chosen after forgetting')
    expect([without.status, without.body.code]).toEqual([401, 'second-factor-required'])
    const withCode = await signIn(person.email, 'chosen after forgetting', { code: codeNow() })
    expect(withCode.status).toBe(200)
  })

  test('and mistyped it ten times before can sign in at once', async () => {
    const person = await confirmed()
    const client = '198.51.100.9'
    for (let n = 0; n < 11; n += 1) await signIn(person.email, `guess ${n}`, {}, client)
    expect((await signIn(person.email, password, {}, client)).status).toBe(429)
    const body = { token: await linkTo(person), newPassword: 'chosen after forgetting' }
    await shop.ask('POST', '/password-resets/redemption', { body, client })
    expect((await signIn(person.email, body.newPassword, {}, client)).status).toBe(200)
  })
})

describe('a request', () => {
  test('is answered alike, and with the same work, for any e-mail', async () => {
    const [known, waiting] = [await confirmed(), await shop.somebody()]
    const addresses = [`${uuid()}@example.com`, known.email, waiting.email]
    await forget(`${uuid()}@example.com`)
    const stories = []
    for (const email of addresses) {
      let answer: Answer | undefined
      const work = await databaseTraffic(async () => {
        answer = await forget(email, '198.51.100.20')
      })
      stories.push({ ...shapeOf(answer as Answer), work })
    }
    expect(stories[0]?.status).toBe(202)
    expect(stories[0]?.work.statements).toBeGreaterThan(0)
    expect(stories[1]).toEqual(stories[0])
    expect(stories[2]).toEqual(stories[0])
  })

  test('for an address without a confirmed account leads to no mail, and is not kept', async () => {
    const waiting = await shop.somebody()
    const stranger = `${uuid()}@example.com`
    for (const email of [waiting.email, stranger]) await forget(email)
    await shop.announceResets()
    expect(await shop.resetsDue(waiting.userId)).toEqual([])
    const kept = await shop.database.rows
      .selectFrom('password_resets')
      .select('email')
      .where('email', 'in', [waiting.email, stranger])
      .execute()
    expect(kept).toEqual([])
  })

  test('for an address that others claim, too, leads to a mail to its owner', async () => {
    const owner = await confirmed()
    const body = { email: owner.email, name: 'Eve', password: 'a password of their own' }
    const eve = await shop.ask('POST', '/users', { body })
    await linkTo(owner)
    expect(await shop.resetsDue(String(eve.body.userId))).toEqual([])
  })

  test('changes nothing: the password and the sessions stay', async () => {
    const person = await confirmed()
    await linkTo(person)
    expect((await signIn(person.email, password)).status).toBe(200)
    expect(await refresh(person.refreshToken)).toBe(200)
  })

  test('leads to three mails in half an hour at most, and one of their links is good until then', async () => {
    const person = await confirmed()
    for (let n = 0; n < 6; n += 1) expect((await forget(person.email)).status).toBe(202)
    await Promise.all([shop.announceResets(), shop.announceResets()])
    const due = await shop.resetsDue(person.userId)
    expect(due).toHaveLength(3)
    const links = []
    for (const resetId of due) links.push(String((await issue(resetId)).body.token))
    shop.wait(30 * 60 - 1)
    await forget(person.email)
    await shop.announceResets()
    expect(await shop.resetsDue(person.userId)).toHaveLength(3)
    expect((await redeem(String(links[0]))).status).toBe(204)
    shop.wait(1)
    await linkTo(person)
    expect(await shop.resetsDue(person.userId)).toHaveLength(4)
  })

  test('is one of a hundred from a network in an hour', async () => {
    const client = '198.51.100.30'
    await forget(`${uuid()}@example.com`, client)
    const { numUpdatedRows } = await shop.database.rows
      .updateTable('limits')
      .set({ points: 99 })
      .where('key', 'like', 'resetsPerNetwork:198.51.100.30%')
      .executeTakeFirst()
    expect(numUpdatedRows).toBe(1n)
    const other = shop.anotherInstance()
    const body = { email: `${uuid()}@example.com` }
    const last = await other.ask('POST', '/password-resets', { body, client })
    const answer = await forget(`${uuid()}@example.com`, client)
    expect([last.status, answer.status]).toEqual([202, 429])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await forget(`${uuid()}@example.com`)).status).toBe(202)
  })
})

describe('a link', () => {
  const isVoid = async (token: string) => {
    const { status, body } = await redeem(token)
    expect([status, body.code]).toEqual([410, 'link-void'])
  }

  test('is good once, also of ten who use it together', async () => {
    const person = await confirmed()
    const link = await linkTo(person)
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => redeem(link, `password number ${n}`)),
    )
    const statuses = answers.map(({ status }) => status).toSorted()
    expect(statuses).toEqual([204, ...Array(9).fill(410)])
    await isVoid(link)
  })

  test('is good for half an hour', async () => {
    const [one, other] = [await confirmed(), await confirmed()]
    const links = [await linkTo(one), await linkTo(other)] as const
    shop.wait(30 * 60 - 1)
    expect((await redeem(links[0])).status).toBe(204)
    shop.wait(1)
    await isVoid(links[1])
    await shop.passwordResets.forgetExpired(shop.clock.now)
    const left = await shop.database.rows
      .selectFrom('password_resets')
      .selectAll()
      .where('user_id', '=', other.userId)
      .execute()
    expect(left).toEqual([])
  })

  test('that is wrong is answered as one that was used', async () => {
    const person = await confirmed()
    const link = await linkTo(person)
    await redeem(link)
    const [used, wrong] = [await redeem(link), await redeem('x'.repeat(43))]
    expect({ ...wrong.body, requestId: '' }).toEqual({ ...used.body, requestId: '' })
  })

  test('is void once another link, or the account itself, has set a password', async () => {
    const person = await confirmed()
    const [first, second] = [await linkTo(person), await linkTo(person)]
    expect((await redeem(second)).status).toBe(204)
    await isVoid(first)
    const third = await linkTo(person)
    const { body } = await signIn(person.email, 'chosen after forgetting')
    const change = await shop.ask('POST', '/users/me/password', {
      token: String(body.accessToken),
      body: { currentPassword: 'chosen after forgetting', newPassword: 'chosen by the owner' },
    })
    expect(change.status).toBe(200)
    await isVoid(third)
  })

  test('that went to a former e-mail is void', async () => {
    const person = await confirmed()
    const link = await linkTo(person)
    const unsent = await linkTo(person).then(async () =>
      (await shop.resetsDue(person.userId)).at(-1),
    )
    const body = { email: `new-${person.email}`, currentPassword: password }
    await shop.ask('PATCH', '/users/me', { token: person.token, body })
    expect((await shop.confirm(person.userId)).body).toEqual({ email: body.email })
    await isVoid(link)
    expect((await issue(unsent)).status).toBe(404)
  })

  test('takes no common password, and stays good for another one', async () => {
    const person = await confirmed()
    const link = await linkTo(person)
    for (const common of ['1234567890', person.email]) {
      const { status, body } = await redeem(link, common)
      expect([status, body.code]).toEqual([422, 'common-password'])
    }
    expect((await redeem(link)).status).toBe(204)
  })

  test('is made for mails that are due only, and another takes its place', async () => {
    const unknown = await issue(uuid())
    expect([unknown.status, unknown.body.code]).toEqual([404, 'not-found'])
    const person = await confirmed()
    const first = await linkTo(person)
    const again = await issue((await shop.resetsDue(person.userId)).at(-1))
    await isVoid(first)
    expect((await redeem(String(again.body.token))).status).toBe(204)
  })

  test('is in no event, no log and no table, only its hash; nor is the new password', async () => {
    const person = await confirmed()
    const link = await linkTo(person)
    const rows = async () =>
      JSON.stringify(
        await Promise.all([
          shop.database.rows.selectFrom('password_resets').selectAll().execute(),
          shop.emitted(person.userId),
        ]),
      )
    const before = await rows()
    expect(before).toContain(person.userId)
    expect((await redeem(link, 'a secret of ada’s')).status).toBe(204)
    const written = [before, await rows(), ...shop.lines].join('')
    expect(written).toContain('authn_password_change')
    expect(written).not.toContain(link)
    expect(written).not.toContain('a secret of ada')
    // a column of bytes is shown as a list of numbers
    expect(written).not.toContain([...Buffer.from(link)].slice(0, 16).join(','))
  })
})
