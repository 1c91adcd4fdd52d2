import { randomUUID } from 'node:crypto'
import { mailsFor } from '@sidecart/client/mail-catcher.ts'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { until } from '@sidecart/testing/until.ts'
import { describe, expect, it } from 'vitest'
import { badTokens, goodToken } from '../security/identities.ts'
import {
  type Answer,
  ask,
  confirmedCustomer,
  inbox,
  newCustomer,
  operator,
  root,
  signIn,
} from './client.ts'
import { appConfigs, sidecart } from './shop.ts'

const project = projectAt(root)
const newEmail = () => `${randomUUID()}@example.com`
const tokenOf = (link: string) => new URL(link).hash.slice(1)

const invite = async (email: string): Promise<string> => {
  const printed = await sidecart('operators', 'invite', email, '--json')
  return tokenOf(JSON.parse(printed).link)
}
const emailsListed = async () => {
  const listed = JSON.parse(await sidecart('operators', 'list', '--json'))
  const emails = (some: { email: string }[]) => some.map(({ email }) => email)
  return { operators: emails(listed.operators), invitations: emails(listed.invitations) }
}
const asksOperators = async ({ authorization }: { authorization: string }) =>
  (await ask('GET', '/orders/sagas', undefined, { authorization })).status

it('an operator is invited by command, chooses a password, runs the shop, and is sent away', async () => {
  const email = newEmail()
  const token = await invite(email)
  expect((await emailsListed()).invitations).toContain(email)
  const password = randomUUID()
  const accepted = await ask('POST', '/invitations', { token, name: 'Olga', password })
  expect([accepted.status, accepted.body]).toEqual([201, { email }])
  const olga = await signIn(email, password)
  expect(await asksOperators(olga)).toBe(200)
  expect(await emailsListed()).toMatchObject({ operators: expect.arrayContaining([email]) })
  expect((await emailsListed()).invitations).not.toContain(email)

  const session = await ask('POST', '/sessions', { email, password })
  expect(await sidecart('operators', 'revoke', email)).toContain('is a customer now')
  const { refreshToken } = session.body
  expect((await ask('POST', '/sessions/refresh', { refreshToken })).status).toBe(401)
  expect((await emailsListed()).operators).not.toContain(email)
  const isSentAway = async () => (await asksOperators(olga)) === 401
  await until('the access token is refused', isSentAway, 10_000, 200)
  expect(await asksOperators(await signIn(email, password))).toBe(403)
  await expect(sidecart('operators', 'revoke', email)).rejects.toThrow(/is no operator/)
})

it('a customer becomes an operator by the own account and an invitation to its e-mail', async () => {
  const customer = await confirmedCustomer()
  const other = await confirmedCustomer()
  const token = await invite(customer.email)
  const by = (person: typeof customer, currentPassword: string) =>
    person.ask('POST', '/users/me/invitation', { token, currentPassword })
  expect((await by(other, 'not the password')).body.code).toBe('wrong-password')
  expect((await by(customer, 'not the password')).body.code).toBe('wrong-password')
  expect(await asksOperators(customer)).toBe(403)
  await sidecart('operators', 'revoke', customer.email)
})

// notifications: optional
it('an invitation is mailed when the command is told to', async () => {
  const email = newEmail()
  const { link, mail } = JSON.parse(
    await sidecart('operators', 'invite', email, '--mail', '--json'),
  )
  expect(mail).toEqual({ outcome: 'sent' })
  const found = await until('the mail is there', async () => (await mailsFor(inbox, email)).at(0))
  expect(found).toMatchObject({ subject: 'You are invited to run the shop' })
  expect(found?.html).toContain(`/invitation#${tokenOf(link)}`)
  await sidecart('operators', 'revoke', email)
  const { ok } = JSON.parse(await sidecart('verify', '--json'))
  expect(ok).toBe(true)
})
// /notifications

it('the command refuses what is no e-mail, and an operator’s', async () => {
  await expect(sidecart('operators', 'invite', 'nobody')).rejects.toThrow(/email/)
  const taken = sidecart('operators', 'invite', 'operator@sidecart.example')
  await expect(taken).rejects.toThrow(/operator’s/)
})

describe('nobody else invites or revokes', () => {
  const routes = [
    ['GET', '/internal/operators'],
    ['POST', '/internal/operators/invitations'],
    ['POST', '/internal/operators/revocations'],
  ] as const
  const users = appConfigs.find(({ appID }) => appID === 'users')
  // users itself owns the accounts
  const others = appConfigs.filter((app) => app !== users)
  const body = { email: newEmail() }
  const bodyOf = (method: string) => (method === 'POST' ? body : undefined)

  it('not through the gateway, with any token and any spelling of the path', async () => {
    const [customer, ops] = [await newCustomer(), await operator()]
    const bad = await badTokens(ops.userId, 'x'.repeat(43))
    const tokens = [...Object.values(bad), await goodToken(randomUUID())]
    const authorizations = [
      ...[undefined, customer.authorization, ops.authorization],
      ...tokens.map((token) => `Bearer ${token}`),
    ]
    const ups = ['', '/users/..', '/users/%2e%2e', '/users/%252e%252e', '/users/me/%2e%2e/%2e%2e']
    const reached: string[] = []
    for (const [method, path] of routes)
      for (const up of ups)
        for (const authorization of up ? authorizations.slice(0, 3) : authorizations) {
          const headers = authorization ? { authorization } : {}
          const answer = await ask(method, `${up}${path}`, bodyOf(method), headers)
          if (reaches(answer)) reached.push(`${method} ${up}${path}: ${answer.status}`)
        }
    expect(reached).toEqual([])
  })

  it.each(others)('not $appID through its sidecar, nor with its tokens', async (app) => {
    const { DAPR_API_TOKEN, APP_API_TOKEN } = ensureAppTokens(project, app.appID)
    for (const [method, path] of routes) {
      const send = (url: string, headers: Record<string, string>) =>
        fetch(url, {
          method,
          headers: { 'content-type': 'application/json', ...headers },
          ...(method === 'POST' && { body: JSON.stringify(body) }),
        })
      const sidecar = `http://127.0.0.1:${app.daprHTTPPort}`
      const invoked = [
        await send(`${sidecar}${path}`, {
          'dapr-app-id': 'users',
          'dapr-api-token': DAPR_API_TOKEN,
        }),
        await send(`${sidecar}/v1.0/invoke/users/method${path}`, {
          'dapr-api-token': DAPR_API_TOKEN,
          connection: 'dapr-caller-app-id, dapr-callee-app-id, dapr-caller-namespace, keep-alive',
        }),
      ]
      for (const { status } of invoked) expect([path, status]).toEqual([path, 403])
      for (const token of [APP_API_TOKEN, DAPR_API_TOKEN]) {
        const direct = await send(`http://127.0.0.1:${users?.appPort}${path}`, {
          'dapr-api-token': token,
        })
        expect([path, direct.status]).toEqual([path, 403])
      }
    }
  })

  it('and after all that nobody is invited', async () => {
    expect((await emailsListed()).invitations).not.toContain(body.email)
  })
})

const reaches = ({ status }: Answer): boolean => status < 400 || status === 409
