import { readEnvironment } from '@sidecart/chassis/core/environment.ts'
import { testDatabase } from '@sidecart/testing/database.ts'
import { decodeJwt } from 'jose'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refreshTokens } from './credentials.ts'
import { demoEnvironment, seedAccounts } from './seeds.ts'
import { password, startUsers } from './testing.ts'

let shop: Awaited<ReturnType<typeof startUsers>>
beforeAll(async () => {
  shop = await startUsers(await testDatabase('users'))
})
afterAll(() => shop.stop())

const refresh = (refreshToken: string) =>
  shop.ask('POST', '/sessions/refresh', { body: { refreshToken } })

describe('signing in', () => {
  test('gives an access token of 15 minutes and a refresh token', async () => {
    const { userId, email } = await shop.somebody()
    const body = { email: ` ${email.toUpperCase()}`, password }
    const answer = await shop.ask('POST', '/sessions', { body })
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(answer.body).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      expiresIn: 900,
    })
    expect(decodeJwt(String(answer.body.accessToken))).toMatchObject({
      sub: userId,
      role: 'customer',
    })
  })

  test('answers a wrong password and an unknown e-mail alike', async () => {
    const { email } = await shop.somebody()
    const wrong = { email, password: 'something else' }
    const unknown = { email: 'nobody@example.com', password }
    const [one, two] = [
      await shop.ask('POST', '/sessions', { body: wrong }),
      await shop.ask('POST', '/sessions', { body: unknown }),
    ]
    expect([one.status, one.body.code]).toEqual([401, 'wrong-credentials'])
    expect({ ...two.body, requestId: '' }).toEqual({ ...one.body, requestId: '' })
  })
})

describe('a refresh token', () => {
  test('is good once, and its successor after it', async () => {
    const { refreshToken } = await shop.somebody()
    const first = await refresh(refreshToken)
    expect(first).toMatchObject({ status: 200, body: { expiresIn: 900 } })
    expect(first.body.refreshToken).not.toBe(refreshToken)
    expect((await refresh(String(first.body.refreshToken))).status).toBe(200)
  })

  test('that comes back later ends the whole family, and only it', async () => {
    const { email, refreshToken } = await shop.somebody()
    const otherDevice = await shop.signIn(email)
    const { body } = await refresh(refreshToken)
    shop.wait(21)
    const reused = await refresh(refreshToken)
    expect([reused.status, reused.body.code]).toEqual([401, 'session-ended'])
    expect((await refresh(String(body.refreshToken))).body.code).toBe('session-ended')
    expect((await refresh(otherDevice.refreshToken)).status).toBe(200)
    expect(shop.lines.join('')).toContain('authn_token_reuse')
  })

  test('whose answer was lost is answered again, to the byte, as often as it is asked for', async () => {
    const { refreshToken } = await shop.somebody()
    const lost = await refresh(refreshToken)
    for (const seconds of [0, 10, 10]) {
      shop.wait(seconds)
      const again = await refresh(refreshToken)
      expect(again.status).toBe(200)
      expect(again.body).toEqual({ ...lost.body, expiresIn: expect.any(Number) })
    }
    expect((await refresh(String(lost.body.refreshToken))).status).toBe(200)
  })

  test('presented ten times at once to two instances gives all the same tokens', async () => {
    const { refreshToken } = await shop.somebody()
    const other = shop.anotherInstance()
    const body = { refreshToken }
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        (n % 2 ? shop : other).ask('POST', '/sessions/refresh', { body }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
    const tokens = answers.map(({ body }) => `${body.accessToken} ${body.refreshToken}`)
    expect(new Set(tokens).size).toBe(1)
    expect((await refresh(String(answers[0]?.body.refreshToken))).status).toBe(200)
  })

  test('that a thief repeats in time is found out when both use what they were given', async () => {
    const { refreshToken } = await shop.somebody()
    const owner = await refresh(refreshToken)
    const thief = await refresh(refreshToken)
    expect(thief.body.refreshToken).toBe(owner.body.refreshToken)
    shop.wait(600)
    const next = await refresh(String(thief.body.refreshToken))
    expect(next.status).toBe(200)
    shop.wait(300)
    expect((await refresh(String(owner.body.refreshToken))).body.code).toBe('session-ended')
    expect((await refresh(String(next.body.refreshToken))).body.code).toBe('session-ended')
  })

  test('is not repeated after its successor was used: that ends the family at once', async () => {
    const { refreshToken } = await shop.somebody()
    const second = await refresh(refreshToken)
    const third = await refresh(String(second.body.refreshToken))
    expect((await refresh(refreshToken)).body.code).toBe('session-ended')
    expect((await refresh(String(third.body.refreshToken))).body.code).toBe('session-ended')
  })

  test('is not repeated after signing out', async () => {
    const { refreshToken } = await shop.somebody()
    const { body } = await refresh(refreshToken)
    await shop.ask('POST', '/sessions/logout', { body: { refreshToken: body.refreshToken } })
    expect((await refresh(refreshToken)).body.code).toBe('session-ended')
  })

  test('cannot be computed from the database and an older token', async () => {
    const { refreshToken } = await shop.somebody()
    const { body } = await refresh(refreshToken)
    await refresh(String(body.refreshToken))
    const salts = await shop.database.rows
      .selectFrom('refresh_tokens')
      .select(['salt', 'serial'])
      .where('session_id', 'in', (query) =>
        query
          .selectFrom('refresh_tokens')
          .select('session_id')
          .where('hash', '=', refreshTokens.hashOf(refreshToken)),
      )
      .orderBy('serial')
      .execute()
    expect(salts.map(({ salt }) => salt !== null)).toEqual([false, false, true])
  })

  test('made by the version before this one is answered as that version did', async () => {
    const { refreshToken } = await shop.somebody()
    const { body } = await refresh(refreshToken)
    await shop.database.rows.updateTable('refresh_tokens').set({ salt: null }).execute()
    expect((await refresh(refreshToken)).body.code).toBe('just-refreshed')
    expect((await refresh(String(body.refreshToken))).status).toBe(200)
  })

  test('of a session that the version before this one opened is good', async () => {
    const { userId } = await shop.somebody()
    const { token, hash } = refreshTokens.create()
    const session = { session_id: uuid(), user_id: userId, serial: 1 }
    const times = { rotated_at: shop.clock.now, expires_at: new Date(+shop.clock.now + 60_000) }
    // as that version writes: it knows no other columns
    const { rows } = shop.database
    await rows
      .insertInto('sessions')
      .values({ ...session, ...times } as never)
      .execute()
    const row = { hash, session_id: session.session_id, serial: 1 }
    await rows
      .insertInto('refresh_tokens')
      .values(row as never)
      .execute()
    const { status, body } = await refresh(token)
    expect([status, (await refresh(token)).body.refreshToken]).toEqual([200, body.refreshToken])
  })

  test('is refused with 429 after 300 rotations in a quarter of an hour, which go by', async () => {
    let { refreshToken } = await shop.somebody()
    for (let n = 0; n < 300; n += 1)
      refreshToken = String((await refresh(refreshToken)).body.refreshToken)
    const answer = await refresh(refreshToken)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '3'])
    shop.wait(901)
    expect((await refresh(refreshToken)).status).toBe(200)
  })

  test('of the least recently used session is dead when its user opens a 21st', async () => {
    const { email, refreshToken } = await shop.somebody()
    const used = await shop.signIn(email)
    shop.wait(1)
    const { body } = await refresh(refreshToken)
    for (let n = 0; n < 19; n += 1) {
      shop.wait(1)
      await shop.signIn(email)
    }
    expect((await refresh(used.refreshToken)).body.code).toBe('session-ended')
    expect((await refresh(String(body.refreshToken))).status).toBe(200)
  })

  test('ends after 30 days', async () => {
    const { refreshToken } = await shop.somebody()
    shop.wait(30 * 86_400)
    expect((await refresh(refreshToken)).body.code).toBe('session-ended')
    const kept = () => shop.database.rows.selectFrom('refresh_tokens').selectAll().execute()
    expect(await kept()).not.toHaveLength(0)
    shop.wait(1)
    await shop.sessions.forgetExpired(shop.clock.now)
    expect(await kept()).toHaveLength(0)
  })

  test('that was never issued is refused', async () => {
    expect((await refresh('made-up')).body.code).toBe('session-ended')
  })

  test('is dead after signing out, which can be repeated', async () => {
    const { refreshToken } = await shop.somebody()
    const signOut = () => shop.ask('POST', '/sessions/logout', { body: { refreshToken } })
    expect([(await signOut()).status, (await signOut()).status]).toEqual([204, 204])
    expect((await refresh(refreshToken)).status).toBe(401)
  })

  test('is dead after a change of password, which gives a new one', async () => {
    const { email, token, refreshToken } = await shop.somebody()
    const newPassword = 'another horse entirely'
    const change = (currentPassword: string) =>
      shop.ask('POST', '/users/me/password', { token, body: { currentPassword, newPassword } })
    expect((await change('not the password')).body.code).toBe('wrong-password')
    const common = { currentPassword: password, newPassword: 'Password1234' }
    const refused = await shop.ask('POST', '/users/me/password', { token, body: common })
    expect([refused.status, refused.body.code]).toEqual([422, 'common-password'])
    const { status, body } = await change(password)
    expect(status).toBe(200)
    expect((await refresh(refreshToken)).status).toBe(401)
    expect((await refresh(String(body.refreshToken))).status).toBe(200)
    const signIn = (given: string) =>
      shop.ask('POST', '/sessions', { body: { email, password: given } })
    expect([(await signIn(password)).status, (await signIn(newPassword)).status]).toEqual([
      401, 200,
    ])
  })
})

describe('own sessions', () => {
  const list = (token: string) => shop.ask('GET', '/users/me/sessions', { token })
  const end = (token: string, body: { sessionId?: string; currentPassword?: string } = {}) =>
    shop.ask('POST', '/users/me/sessions/revocation', {
      token,
      body: { currentPassword: password, ...body },
    })
  type Listed = { sessionId: string; current: boolean }[]

  test('are listed, the last used first, with the one at hand', async () => {
    const { email, token } = await shop.somebody()
    shop.wait(1)
    const phone = await shop.signIn(email)
    const { status, body } = await list(token)
    expect([status, (body.sessions as Listed).map(({ current }) => current)]).toEqual([
      200,
      [false, true],
    ])
    expect((body.sessions as unknown[])[0]).toEqual({
      sessionId: decodeJwt(phone.token).sid,
      openedAt: shop.clock.now.toISOString(),
      refreshedAt: shop.clock.now.toISOString(),
      expiresAt: expect.any(String),
      current: false,
    })
    expect(JSON.stringify(body)).not.toMatch(/hash|salt|token/i)
  })

  test('end one by one, and only the own ones', async () => {
    const { email, token, refreshToken } = await shop.somebody()
    const phone = await shop.signIn(email)
    const stranger = await shop.somebody()
    const body = { sessionId: String(decodeJwt(phone.token).sid) }
    expect((await end(stranger.token, body)).status).toBe(404)
    expect([(await end(token, body)).status, (await end(token, body)).status]).toEqual([204, 404])
    expect((await refresh(phone.refreshToken)).body.code).toBe('session-ended')
    expect((await refresh(refreshToken)).status).toBe(200)
  })

  test('end all at once, and nobody else’s', async () => {
    const { email, token, refreshToken } = await shop.somebody()
    const phone = await shop.signIn(email)
    const stranger = await shop.somebody()
    expect((await end(token)).status).toBe(204)
    for (const used of [refreshToken, phone.refreshToken])
      expect((await refresh(used)).body.code).toBe('session-ended')
    expect((await refresh(stranger.refreshToken)).status).toBe(200)
    expect((await list(token)).body).toEqual({ sessions: [] })
  })

  test.each(['one', 'all'])('end with the password only: %s', async (which) => {
    const { token, refreshToken } = await shop.somebody()
    const sessionId = String(decodeJwt(token).sid)
    const body = which === 'one' ? { sessionId } : {}
    const refused = await end(token, { ...body, currentPassword: 'a guess of a thief' })
    expect([refused.status, refused.body.code]).toEqual([403, 'wrong-password'])
    const missing = await shop.ask('POST', '/users/me/sessions/revocation', { token, body })
    expect(missing).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'currentPassword' }] },
    })
    expect((await refresh(refreshToken)).status).toBe(200)
  })
})

describe('sessions of a user', () => {
  const endOf = (userId: string, token?: string) =>
    shop.ask('DELETE', `/users/${userId}/sessions`, { ...(token && { token }) })

  test('are ended by an operator, which the security log says', async () => {
    const { userId, email, refreshToken } = await shop.somebody()
    const phone = await shop.signIn(email)
    const stranger = await shop.somebody()
    const operatorId = uuid()
    const token = await shop.accessTokens.issue(
      { userId: operatorId, role: 'operator' },
      shop.clock.now,
    )
    expect((await endOf(userId, token)).status).toBe(204)
    for (const used of [refreshToken, phone.refreshToken])
      expect((await refresh(used)).body.code).toBe('session-ended')
    expect((await refresh(stranger.refreshToken)).status).toBe(200)
    expect(shop.lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ securityEvent: 'authn_token_revoked', userId, by: operatorId }),
    )
    expect((await endOf(uuid(), token)).status).toBe(404)
  })

  test('are ended by nobody else', async () => {
    const { userId, token, refreshToken } = await shop.somebody()
    const stranger = await shop.somebody()
    expect((await endOf(userId)).status).toBe(401)
    for (const asked of [token, stranger.token])
      expect((await endOf(userId, asked)).status).toBe(403)
    expect((await endOf(userId.toUpperCase(), stranger.token)).status).toBe(403)
    expect((await refresh(refreshToken)).status).toBe(200)
  })
})

describe('gateways are told of a session that ended', () => {
  const endedSince = async (since?: string) => {
    const query = since === undefined ? '' : `?since=${encodeURIComponent(since)}`
    const { status, body } = await shop.ask('GET', `/internal/ended-sessions${query}`)
    expect(status).toBe(200)
    return body as { sessionIds: string[]; asOf: string }
  }
  type Somebody = Awaited<ReturnType<typeof shop.somebody>>
  const ends: Record<string, (by: Somebody) => Promise<unknown>> = {
    'signing out': ({ refreshToken }) =>
      shop.ask('POST', '/sessions/logout', { body: { refreshToken } }),
    'its owner': ({ token }) =>
      shop.ask('POST', '/users/me/sessions/revocation', {
        token,
        body: { currentPassword: password, sessionId: decodeJwt(token).sid },
      }),
    'an operator': async ({ userId }) => {
      const operator = { userId: uuid(), role: 'operator' } as const
      const token = await shop.accessTokens.issue(operator, shop.clock.now)
      return shop.ask('DELETE', `/users/${userId}/sessions`, { token })
    },
    'another password': ({ token }) =>
      shop.ask('POST', '/users/me/password', {
        token,
        body: { currentPassword: password, newPassword: 'another horse entirely' },
      }),
    'a refresh token used twice': async ({ refreshToken }) => {
      await refresh(refreshToken)
      shop.wait(21)
      return refresh(refreshToken)
    },
    'twenty newer ones': async ({ email }) => {
      for (let n = 0; n < 20; n += 1) await shop.signIn(email)
    },
  }

  test.each(Object.keys(ends))('by %s', async (way) => {
    const by = await shop.somebody()
    const { sid } = decodeJwt(by.token)
    const before = await endedSince()
    expect(before.sessionIds).not.toContain(sid)
    shop.wait(1)
    await ends[way]?.(by)
    expect((await endedSince(before.asOf)).sessionIds).toContain(sid)
    expect((await endedSince()).sessionIds).toContain(sid)
  })

  test('by a clock 25 seconds behind, for as long as its tokens live, and not again for ever', async () => {
    const { token, refreshToken } = await shop.somebody()
    const { sid } = decodeJwt(token)
    shop.wait(25)
    const { asOf } = await endedSince()
    shop.wait(-25)
    await shop.ask('POST', '/sessions/logout', { body: { refreshToken } })
    shop.wait(26)
    expect((await endedSince(asOf)).sessionIds).toContain(sid)
    shop.wait(14 * 60)
    expect((await endedSince()).sessionIds).toContain(sid)
    expect((await endedSince(shop.clock.now.toISOString())).sessionIds).not.toContain(sid)
    shop.wait(2 * 60)
    for (const since of [undefined, asOf])
      expect((await endedSince(since)).sessionIds).not.toContain(sid)
  })

  test('of which an ill-formed time asks nothing', async () => {
    const { status, body } = await shop.ask('GET', '/internal/ended-sessions?since=yesterday')
    expect([status, body.code]).toEqual([400, 'invalid-request'])
  })
})

test('the published keys verify the tokens and are public', async () => {
  const { status, headers, body } = await shop.ask('GET', '/.well-known/jwks.json')
  expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=300'])
  expect(body).toEqual(shop.accessTokens.published)
  expect(JSON.stringify(body)).not.toContain('"d"')
})

describe('the demo accounts', () => {
  const secrets: Record<string, string> = {
    'demo-password': 'demo password 1',
    'operator-password': 'operator password 1',
  }
  const seed = (variables: NodeJS.ProcessEnv = { DEMO_ACCOUNTS: 'true' }) => {
    const secret = async (name: string) => secrets[name] ?? ''
    const { DEMO_ACCOUNTS } = readEnvironment(demoEnvironment, variables)
    return seedAccounts({ ...shop, secret, now: () => shop.clock.now }, DEMO_ACCOUNTS)
  }
  const signInAs = (name: string) => {
    const body = { email: `${name}@sidecart.example`, password: secrets[`${name}-password`] }
    return shop.ask('POST', '/sessions', { body })
  }

  test.each([{}, { DEMO_ACCOUNTS: '' }, { DEMO_ACCOUNTS: 'false' }])(
    'are not there unless they are asked for: %j',
    async (variables) => {
      await seed(variables)
      const seeded = await shop.database.rows
        .selectFrom('users')
        .selectAll()
        .where(({ eb, or }) =>
          or([eb('role', '=', 'operator'), eb('email', 'like', '%@sidecart.example')]),
        )
        .execute()
      expect(seeded).toEqual([])
      for (const name of ['demo', 'operator']) expect((await signInAs(name)).status).toBe(401)
    },
  )

  test('are there after any number of starts at once, and emitted once', async () => {
    await Promise.all([seed(), seed(), seed()])
    await seed()
    const demoId = '018f0000-0000-7000-8000-000000000001'
    expect(await shop.emitted(demoId)).toMatchObject([
      { topic: 'users-registered-v1', data: { email: 'demo@sidecart.example', version: 1 } },
    ])
    expect(await shop.addresses.list(demoId)).toHaveLength(1)
    const { body } = await signInAs('operator')
    expect(decodeJwt(String(body.accessToken))).toMatchObject({
      sub: '018f0000-0000-7000-8000-000000000002',
      role: 'operator',
    })
  })
})

test('no password, token or hash was logged or stored in the clear', async () => {
  const { token, refreshToken } = await shop.somebody()
  await refresh(refreshToken)
  await shop.ask('GET', '/users/me', { token })
  await shop.ask('POST', '/sessions', { body: { email: 'x', password } })
  const log = shop.lines.join('')
  expect(shop.lines.length).toBeGreaterThan(10)
  for (const secret of [password, 'something else', token, refreshToken, '$argon2id'])
    expect(log).not.toContain(secret)
  const stored = await shop.database.rows.selectFrom('refresh_tokens').selectAll().execute()
  expect(JSON.stringify(stored)).not.toContain(refreshToken)
})
