import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '@nats-io/transport-node'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { databases } from '@sidecart/platform/config/secrets.ts'
import { until } from '@sidecart/testing/until.ts'
import pg from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { newCustomer, type Person, reaches, root, secrets } from '../system/client.ts'
import { sidecart } from '../system/shop.ts'
import { buyer, isShed, orderPatiently, type Reply } from './client.ts'

const project = projectAt(root)
const apps = readRunFile(project.runFile).map(({ appId }) => appId)
const tokens = () => apps.map((app) => ensureAppTokens(project, app))
type Keys = { keys: { kid: string; state: string }[] }
const keys = async () => (JSON.parse(await sidecart('keys', 'list', '--json')) as Keys).keys

let ada: Person
let replies: (Reply | Error)[]
let before: { secrets: Record<string, string>; tokens: ReturnType<typeof tokens>; kid: string }

/** Orders arrive at a constant rate until every secret has been replaced. */
beforeAll(async () => {
  ada = await buyer(5_000)
  before = { secrets: secrets(), tokens: tokens(), kid: (await keys())[0]?.kid ?? '' }
  const done = new AbortController()
  const selling = sell(done.signal)
  try {
    await sidecart('keys', 'rotate')
    await sidecart('secrets', 'rotate', 'all')
  } finally {
    done.abort()
  }
  replies = await selling
}, 900_000)

async function sell(done: AbortSignal) {
  const placed: Promise<Reply | Error>[] = []
  while (!done.aborted) {
    placed.push(orderPatiently(ada).catch((error: Error) => error))
    await pause(250)
  }
  return Promise.all(placed)
}

it('orders are accepted while every secret is replaced', () => {
  const shown = replies.map((reply) => (reply instanceof Error ? reply.message : reply.status))
  expect(shown.length).toBeGreaterThan(100)
  expect(shown.filter((status) => status !== 202)).toEqual([])
})

it('every one of them is completed, and the invariants hold', async () => {
  for (const reply of replies)
    if (!(reply instanceof Error) && !isShed(reply))
      await reaches(ada, reply.orderId, ['confirmed'], 60_000)
  await sidecart('verify', '--grace', '120')
}, 400_000)

describe('what was before is worth nothing', () => {
  it.each(databases)('the old login of the database of %s', async (name) => {
    const key = `${name}-database`
    expect(secrets()[key]).not.toBe(before.secrets[key])
    const client = new pg.Client({ connectionString: before.secrets[key] })
    await expect(client.connect()).rejects.toThrow()
  })

  it("the old superuser's password", async () => {
    const url = new URL(before.secrets['orders-database'] ?? '')
    url.username = 'postgres'
    url.password = before.secrets['postgres-superuser'] ?? ''
    await expect(new pg.Client({ connectionString: url.href }).connect()).rejects.toThrow()
  })

  it('the old login at the broker', async () => {
    const login = (all: Record<string, string>) => {
      const { host, username: user, password: pass } = new URL(all['broker-url'] ?? '')
      return connect({ servers: host, user, pass, timeout: 5_000, reconnect: false })
    }
    await expect(login(before.secrets)).rejects.toThrow(/authorization/i)
    await (await login(secrets())).close()
  })

  it("the provider's old key", async () => {
    const charge = (key = '') =>
      fetch('http://127.0.0.1:8090/v1/charges', {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: '{}',
      })
    expect((await charge(before.secrets['provider-api-key'])).status).toBe(401)
    expect((await charge(secrets()['provider-api-key'])).status).not.toBe(401)
  })

  it('the old tokens between apps and sidecars', async () => {
    const now = tokens()
    for (const [index, { ports }] of readRunFile(project.runFile).entries()) {
      const ask = async (token = '') =>
        (
          await fetch(
            `http://127.0.0.1:${ports.http}/v1.0/invoke/users/method/.well-known/jwks.json`,
            {
              headers: { 'dapr-api-token': token },
            },
          )
        ).status
      expect(await ask(before.tokens[index]?.DAPR_API_TOKEN), apps[index]).toBe(401)
      expect(await ask(now[index]?.DAPR_API_TOKEN), apps[index]).not.toBe(401)
      expect(now[index]?.APP_API_TOKEN).not.toBe(before.tokens[index]?.APP_API_TOKEN)
    }
  })

  it('a signing key that was retired, with every token that it signed', async () => {
    const [signing, old] = await keys()
    expect(signing?.kid).not.toBe(before.kid)
    expect(old).toMatchObject({ kid: before.kid, state: 'published' })
    expect((await ada.ask('GET', '/users/me')).status).toBe(200)
    await expect(sidecart('keys', 'retire')).rejects.toThrow(/are good until/)
    await expect(sidecart('keys', 'retire', signing?.kid ?? '')).rejects.toThrow(/signs/)
    await sidecart('keys', 'retire', '--force')
    expect((await keys()).map(({ kid }) => kid)).toEqual([signing?.kid])
    const refused = async () => (await ada.ask('GET', '/orders')).status === 401
    await until('the old token is refused', refused, 90_000, 1_000)
    const eve = await newCustomer()
    expect((await eve.ask('GET', '/orders')).status).toBe(200)
  }, 200_000)
})
