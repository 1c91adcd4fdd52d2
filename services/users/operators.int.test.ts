import { testDatabase } from '@sidecart/testing/database.ts'
import { decodeJwt } from 'jose'
import { CompiledQuery } from 'kysely'
import { Secret, TOTP } from 'otpauth'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, password, startUsers } from './testing.ts'

let shop: Awaited<ReturnType<typeof startUsers>>
beforeAll(async () => {
  shop = await startUsers(await testDatabase('users'))
})
afterAll(() => shop.stop())

const newEmail = () => `${uuid()}@example.com`
const invite = (email: string) =>
  shop.ask('POST', '/internal/operators/invitations', { body: { email } })
const invited = async (email: string) => String((await invite(email)).body.token)
const revoke = async (email: string) =>
  (await shop.ask('POST', '/internal/operators/revocations', { body: { email } })).body
const lookUp = (token: string) => shop.ask('POST', '/invitations/lookup', { body: { token } })
const register = (token: string, secret = password, name = 'Olga') =>
  shop.ask('POST', '/invitations', { body: { token, name, password: secret } })
const accept = (by: { token: string }, token: string, currentPassword = password) =>
  shop.ask('POST', '/users/me/invitation', { token: by.token, body: { token, currentPassword } })
const outcome = ({ status, body }: Answer) => [status, body.code]
const roleIn = (accessToken: string) => decodeJwt(accessToken).role
const refresh = async (refreshToken: string) =>
  shop.ask('POST', '/sessions/refresh', { body: { refreshToken } })

/** A customer whose e-mail is confirmed. */
async function customer() {
  const person = await shop.somebody()
  await shop.confirm(person.userId)
  return person
}

/** Somebody who was invited and registered. */
async function operator() {
  const email = newEmail()
  expect((await register(await invited(email))).status).toBe(201)
  return { email, ...(await shop.signIn(email)) }
}

const listed = async () =>
  (await shop.ask('GET', '/internal/operators')).body as unknown as {
    operators: { email: string; sessions: number; secondFactor: boolean }[]
    invitations: { email: string }[]
  }

describe('somebody who is invited and has no account', () => {
  test('sees whom the invitation is for, chooses a password, and signs in as an operator', async () => {
    const email = newEmail()
    const token = await invited(email)
    const seen = await lookUp(token)
    expect([seen.status, seen.body]).toMatchObject([200, { email, hasAccount: false }])
    const registered = await register(token)
    expect([registered.status, registered.body]).toEqual([201, { email }])
    const session = await shop.signIn(email)
    expect(roleIn(session.token)).toBe('operator')
    const me = await shop.ask('GET', '/users/me', session)
    expect(me.body).toMatchObject({ email, emailConfirmed: true, role: 'operator', name: 'Olga' })
  })

  test('chooses a password by the rules of every account', async () => {
    const email = newEmail()
    const token = await invited(email)
    expect(outcome(await register(token, 'short'))).toEqual([400, 'invalid-request'])
    expect(outcome(await register(token, 'password1234'))).toEqual([422, 'common-password'])
    expect(outcome(await register(token, email))).toEqual([422, 'common-password'])
    expect((await register(token)).status).toBe(201)
  })

  test('is no operator until the invitation is accepted', async () => {
    const email = newEmail()
    await invite(email)
    const { body } = await shop.ask('POST', '/users', { body: { email, name: 'Eve', password } })
    expect(body.role).toBe('customer')
    expect(roleIn((await shop.signIn(email)).token)).toBe('customer')
  })

  test('owns the e-mail, also when others claimed it without confirming it', async () => {
    const email = newEmail()
    const eve = 'an intruder’s password'
    await shop.ask('POST', '/users', { body: { email, name: 'Eve', password: eve } })
    const token = await invited(email)
    expect((await lookUp(token)).body.hasAccount).toBe(false)
    expect((await register(token)).status).toBe(201)
    expect(roleIn((await shop.signIn(email)).token)).toBe('operator')
    const session = await shop.ask('POST', '/sessions', { body: { email, password: eve } })
    expect(roleIn(String(session.body.accessToken))).toBe('customer')
  })
})

describe('a customer who is invited', () => {
  test('accepts with the own account and password; every session ends, the next is an operator’s', async () => {
    const person = await customer()
    const other = await shop.signIn(person.email)
    const token = await invited(person.email)
    expect((await lookUp(token)).body.hasAccount).toBe(true)
    expect((await accept(person, token)).body).toEqual({ email: person.email })
    for (const { refreshToken } of [person, other])
      expect(outcome(await refresh(refreshToken))).toEqual([401, 'session-ended'])
    const { token: renewed } = await shop.signIn(person.email)
    expect([roleIn(renewed), decodeJwt(renewed).sub]).toEqual(['operator', person.userId])
  })

  test('needs the password: a session alone, or a stolen invitation, makes no operator', async () => {
    const person = await customer()
    const token = await invited(person.email)
    expect(outcome(await accept(person, token, 'not my password'))).toEqual([403, 'wrong-password'])
    expect(outcome(await register(token))).toEqual([409, 'email-taken'])
    expect(roleIn((await shop.signIn(person.email)).token)).toBe('customer')
    expect((await accept(person, token)).status).toBe(200)
  })

  test('does not see the invitation of somebody else', async () => {
    const [person, other] = [await customer(), await customer()]
    const token = await invited(other.email)
    expect(outcome(await accept(person, token))).toEqual([403, 'another-account'])
    expect(roleIn((await shop.signIn(person.email)).token)).toBe('customer')
    expect((await accept(other, token)).status).toBe(200)
  })

  test('who has not confirmed the e-mail does not get it this way', async () => {
    const person = await shop.somebody()
    const token = await invited(person.email)
    expect(outcome(await accept(person, token))).toEqual([403, 'another-account'])
  })
})

describe('an invitation', () => {
  test('is good once', async () => {
    const token = await invited(newEmail())
    expect((await register(token)).status).toBe(201)
    expect(outcome(await register(token))).toEqual([410, 'link-void'])
    expect(outcome(await lookUp(token))).toEqual([410, 'link-void'])
  })

  test('is good for a day', async () => {
    const [early, late] = [await invited(newEmail()), await invited(newEmail())]
    const person = await customer()
    const own = await invited(person.email)
    shop.wait(24 * 3_600 - 1)
    expect((await register(early)).status).toBe(201)
    shop.wait(1)
    const session = await shop.signIn(person.email)
    for (const answer of [await register(late), await lookUp(late), await accept(session, own)])
      expect(outcome(answer)).toEqual([410, 'link-void'])
    expect((await listed()).invitations.map(({ email }) => email)).not.toContain(person.email)
    await shop.invitations.forgetExpired(shop.clock.now)
    const left = await shop.database.rows
      .selectFrom('operator_invitations')
      .selectAll()
      .where('expires_at', '<=', shop.clock.now)
      .execute()
    expect(left).toEqual([])
  })

  test('that is forged is answered as one that was used', async () => {
    const token = await invited(newEmail())
    await register(token)
    const same = async (forged: string): Promise<Record<string, unknown>> => ({
      ...(await register(forged)).body,
      requestId: '',
    })
    const used = await same(token)
    expect(used.code).toBe('link-void')
    for (const forged of ['x'.repeat(43), `${token}A`, token.slice(1), token.toUpperCase()])
      expect(await same(forged)).toEqual(used)
  })

  test('that confirms an e-mail makes nobody an operator', async () => {
    const { userId } = await shop.somebody()
    const link = await shop.linkOf(userId)
    expect(outcome(await register(link))).toEqual([410, 'link-void'])
    const invitation = await invited(newEmail())
    const confirmed = await shop.ask('POST', '/confirmations', { body: { token: invitation } })
    expect(outcome(confirmed)).toEqual([410, 'link-void'])
  })

  test('takes the place of an earlier one of the same e-mail', async () => {
    const email = newEmail()
    const [first, second] = [await invited(email), await invited(email.toUpperCase())]
    expect(outcome(await register(first))).toEqual([410, 'link-void'])
    expect((await register(second)).status).toBe(201)
  })

  test('of an operator is refused', async () => {
    const { email } = await operator()
    expect(outcome(await invite(email))).toEqual([409, 'already-operator'])
  })

  test('that many accept at once makes one account', async () => {
    const email = newEmail()
    const token = await invited(email)
    const others = [shop.anotherInstance(), shop.anotherInstance()]
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        (others[n % 2] as (typeof others)[number]).ask('POST', '/invitations', {
          body: { token, name: 'Olga', password },
        }),
      ),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(7).fill(410)])
    const rows = await shop.database.rows
      .selectFrom('users')
      .select('role')
      .where('email', '=', email)
      .execute()
    expect(rows).toEqual([{ role: 'operator' }])
  })

  test('is in no event, no log and no table, only its hash', async () => {
    const email = newEmail()
    const token = await invited(email)
    await register(token.slice(1))
    const { rows } = (await shop.database.rows.executeQuery(
      CompiledQuery.raw('select to_jsonb(t)::text as row from operator_invitations as t'),
    )) as unknown as { rows: { row: string }[] }
    const kept = rows.map(({ row }) => row).join('\n')
    expect(kept).toContain(email)
    expect(kept).not.toContain(token)
    expect(kept).not.toContain(Buffer.from(token).toString('hex').slice(0, 32))
    expect((await register(token)).status).toBe(201)
    expect(shop.lines.join('')).not.toContain(token)
    expect(
      JSON.stringify(await shop.database.rows.selectFrom('outbox').selectAll().execute()),
    ).not.toContain(token)
  })
})

describe('an operator whose role is taken away', () => {
  test('loses every session at once, and signs in as a customer', async () => {
    const person = await operator()
    const other = await shop.signIn(person.email)
    expect(await revoke(person.email)).toEqual({
      wasOperator: true,
      wasInvited: false,
      sessionsEnded: 2,
    })
    for (const { refreshToken } of [person, other])
      expect(outcome(await refresh(refreshToken))).toEqual([401, 'session-ended'])
    expect(roleIn((await shop.signIn(person.email)).token)).toBe('customer')
  })

  test('can be the last one, and can be invited again', async () => {
    for (const { email } of (await listed()).operators) await revoke(email)
    const { email } = await operator()
    await revoke(email)
    expect((await listed()).operators).toEqual([])
    const session = await shop.signIn(email)
    expect((await accept(session, await invited(email))).status).toBe(200)
    expect((await listed()).operators.map((one) => one.email)).toEqual([email])
  })

  test('or who was invited only, loses the invitation', async () => {
    const email = newEmail()
    const token = await invited(email)
    expect(await revoke(email)).toMatchObject({ wasOperator: false, wasInvited: true })
    expect(outcome(await register(token))).toEqual([410, 'link-void'])
    expect(await revoke(email)).toMatchObject({ wasOperator: false, wasInvited: false })
  })

  test('while the invitation is being accepted: is an operator or not, but not one whom nobody revoked', async () => {
    for (let round = 0; round < 6; round += 1) {
      const email = newEmail()
      const token = await invited(email)
      const [registered, revoked] = await Promise.all([register(token), revoke(email)])
      const emails = (await listed()).operators.map((one) => one.email)
      expect(emails).not.toContain(email)
      expect(revoked.wasOperator).toBe(registered.status === 201)
    }
  })

  test('does not lose what belongs to others', async () => {
    const [one, other] = [await operator(), await operator()]
    const token = await invited(newEmail())
    await revoke(one.email)
    expect((await refresh(other.refreshToken)).status).toBe(200)
    expect((await lookUp(token)).status).toBe(200)
  })
})

test('operators are listed with their sessions and second factors, and open invitations', async () => {
  const person = await operator()
  await shop.signIn(person.email)
  const email = newEmail()
  await invite(email)
  const one = async () => (await listed()).operators.find((other) => other.email === person.email)
  expect(await one()).toMatchObject({ sessions: 2, secondFactor: false, name: 'Olga' })
  const path = '/users/me/second-factor'
  const proposed = await shop.ask('POST', path, { ...person, body: { currentPassword: password } })
  const secret = Secret.fromBase32(String(proposed.body.secret))
  const code = new TOTP({ secret }).generate({ timestamp: shop.clock.now.getTime() })
  await shop.ask('POST', `${path}/confirmation`, { ...person, body: { code } })
  expect(await one()).toMatchObject({ sessions: 1, secondFactor: true })
  expect((await listed()).invitations.map((invitation) => invitation.email)).toContain(email)
  expect(JSON.stringify(await listed())).not.toMatch(/hash|token|customer/)
})

test.each([
  'GET /internal/operators',
  'POST /internal/operators/invitations',
  'POST /internal/operators/revocations',
])(
  '%s is for the owner of the machine: it does not exist for an app that calls through a sidecar',
  async (route) => {
    const [method = '', path = ''] = route.split(' ')
    const body = method === 'POST' ? { body: { email: newEmail() } } : {}
    for (const header of ['dapr-caller-app-id', 'dapr-callee-app-id', 'dapr-caller-namespace']) {
      const headers = { [header]: 'gateway' }
      expect(outcome(await shop.ask(method, path, { ...body, headers }))).toEqual([
        404,
        'not-found',
      ])
    }
    expect((await shop.ask(method, path, body)).status).toBeLessThan(300)
  },
)

test('what is done to operators is in the security log, without e-mails', async () => {
  shop.lines.length = 0
  const person = await operator()
  await revoke(person.email)
  const events = shop.lines
    .map((line) => JSON.parse(line))
    .filter(({ action }) => action)
    .map(({ securityEvent, action, invitationId, userId }) => ({
      ...{ securityEvent, action },
      ids: [invitationId, userId].filter(Boolean).length,
    }))
  expect(events).toEqual([
    { securityEvent: 'authz_admin', action: 'operator-invited', ids: 1 },
    { securityEvent: 'authz_change', action: 'operator-accepted', ids: 2 },
    { securityEvent: 'authz_change', action: 'operator-revoked', ids: 1 },
  ])
  expect(shop.lines.join('')).not.toContain(person.email)
})
