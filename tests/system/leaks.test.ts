import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { awaitToken } from '@sidecart/client/mail-catcher.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  ask,
  inbox,
  mailsTo,
  operator,
  orderOf,
  placed,
  reaches,
  root,
  secrets,
  signIn,
} from './client.ts'
import { appConfigs, sidecart } from './shop.ts'

let issued: string[]
let printed: string

beforeAll(async () => {
  const { email, password, name } = person
  await ask('POST', '/users', { email, password, name })
  await ask('POST', '/users', { email, password, name })
  await ask('POST', '/users', { email, password, name, unknown: person.street })
  await ask('POST', '/users', `{"email":"${email}","password":"${password}"`)
  await ask('POST', '/sessions', { email, password: person.wrong })
  await ask('POST', '/sessions', { email: person.other, password: person.wrong })
  const session = await ask('POST', '/sessions', { email, password })
  issued.push(String(session.body.accessToken), String(session.body.refreshToken))
  const me = await signIn(email, password)
  issued.push(me.authorization.replace('Bearer ', ''))
  const token = await awaitToken(inbox, email)
  issued.push(token)
  await ask('POST', '/confirmations', { token })
  await ask('POST', '/confirmations', { token: `x${token}` })
  await me.ask('POST', '/users/me/addresses', shipTo)
  await me.ask('POST', '/users/me/addresses', { ...shipTo, country: person.city })
  await me.ask('GET', `/products?q=${encodeURIComponent(person.street)}`)
  const order = (card: string) => ({ ...orderOf('MUG-ENAMEL-BLUE'), shipTo, card })
  await reaches(me, await placed(me, order('card_approved')), ['confirmed'])
  await reaches(me, await placed(me, order('card_declined')), ['cancelled'])
  await me.ask('POST', '/orders', { ...order('card_approved'), lines: [{ sku: person.name }] })
  await ask('GET', '/orders', undefined, { authorization: `Bearer ${issued[0]}x` })
  await until(
    'a mail came',
    async () => (await mailsTo(email)).includes('Welcome to Sidecart'),
    30_000,
  )
  await sidecart('backing', 'stop', 'mail')
  await reaches(me, await placed(me, order('card_approved')), ['confirmed'])
  const failed = () => /a mail was not sent/.test(logs().get('notifications')?.join('') ?? '')
  await until('a mail was not sent', failed, 60_000, 500)
  await sidecart('backing', 'start', 'mail')
  const ops = await operator()
  await ops.ask('GET', `/users?email=${encodeURIComponent(email)}`)
  for (const command of [
    ['status'],
    ['dead-letters', 'list'],
    ['keys', 'list'],
    ['secrets', 'list'],
  ])
    printed += await sidecart(...command).catch((error: { stdout?: string }) => error.stdout ?? '')
  await pause(1_000)
}, 240_000)

afterAll(() => sidecart('backing', 'start', 'mail'))

/** The terminal of `dapr run` is a log here, too. */
const everything = () =>
  new Map([...logs(), ['process list', commandLines()], ['terminal', [printed]]])

it('every process has written something, so there is something to look at', () => {
  for (const { appID } of appConfigs)
    expect(logs().get(appID)?.join('').length, appID).toBeGreaterThan(0)
  expect(logs().get('dapr-run')?.join('').length).toBeGreaterThan(0)
  expect(commandLines().join()).toContain('daprd')
})

it('no generated secret is in a log, in the process list or on the terminal', () => {
  expect(leaks(everything(), generated())).toEqual([])
})

it('no token or password of a customer is', () => {
  expect(leaks(everything(), credentials(issued))).toEqual([])
})

it('no personal datum of a customer is', () => {
  expect(leaks(everything(), personalData())).toEqual([])
})

it('no process has a secret in its environment that is not its own', () => {
  const known = [...generated(), ...credentials(issued), ...personalData()]
  const environments = processes().map(({ environment }) => environment)
  const [token = ''] = [...generated()].flatMap(([name, value]) =>
    name === 'orders DAPR_API_TOKEN' ? [value] : [],
  )
  expect(environments.some((one) => one.includes(`DAPR_API_TOKEN=${token}`))).toBe(true)
  expect(leakedEnvironments(known)).toEqual([])
})
