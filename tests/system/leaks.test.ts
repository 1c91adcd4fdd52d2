import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  ask,
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

const project = projectAt(root)
const mark = randomUUID().slice(0, 8)
const person = {
  email: `grete-${mark}@post.example`,
  other: `neue-${mark}@post.example`,
  password: `geheim-${randomUUID()}`,
  wrong: `falsch-${randomUUID()}`,
  name: `Grete Mustermann${mark}`,
  street: `Birkenweg${mark} 7`,
  city: `Neustadt${mark}`,
}
const shipTo = {
  ...orderOf('').shipTo,
  name: person.name,
  street: person.street,
  city: person.city,
}
const issued: string[] = []
let printed = ''

/** A customer does what customers do, well and badly, while the mail server is away for a time. */
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
  await me.ask('POST', '/users/me/addresses', shipTo)
  await me.ask('POST', '/users/me/addresses', { ...shipTo, country: person.city })
  await me.ask('GET', `/products?q=${encodeURIComponent(person.street)}`)
  const order = (card: string) => ({ ...orderOf('MUG-ENAMEL-BLUE'), shipTo, card })
  await reaches(me, await placed(me, order('card_approved')), ['confirmed'])
  await reaches(me, await placed(me, order('card_declined')), ['cancelled'])
  await me.ask('POST', '/orders', { ...order('card_approved'), lines: [{ sku: person.name }] })
  await ask('GET', '/orders', undefined, { authorization: `Bearer ${issued[0]}x` })
  await until('a mail came', async () => (await mailsTo(email)).length > 0, 30_000)
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

/** Everything that the shop has written for people to read, by the name of the process. */
function logs(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const folders = [
    project.logs,
    ...appConfigs.map((one) => join(root, one.appDirPath, '.dapr/logs')),
  ]
  for (const folder of folders.filter((one) => existsSync(one)))
    for (const file of readdirSync(folder)) {
      const name = file.replace(/_(app|daprd)_.*|\.log.*/, '')
      found.set(name, [...(found.get(name) ?? []), readFileSync(join(folder, file), 'utf8')])
    }
  return found
}

/** The command line of every process of this machine, which every user may read. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')]
      } catch {
        return []
      }
    })
}

/** Every secret that was generated, in each form in which it is used. */
function generated(): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, value] of Object.entries(secrets())) {
    if (/-host|-username|-brokers|-file$/.test(name)) continue
    const password =
      /:\/\/[^:/]+:([^@]+)@/.exec(value)?.[1] ?? /^[^:]+:([^@]+)@tcp/.exec(value)?.[1]
    if (name === 'jwt-keys')
      for (const { kid, d } of JSON.parse(value) as { kid: string; d: string }[])
        found.set(`${name} ${kid}`, d)
    else found.set(name, password ?? value)
  }
  for (const app of readdirSync(project.apps)) {
    const folder = join(project.apps, app)
    if (existsSync(join(folder, 'env')))
      for (const [, name = '', value = ''] of readFileSync(join(folder, 'env'), 'utf8').matchAll(
        /^(\w+)='(.*)'$/gm,
      ))
        found.set(`${app} ${name}`, value)
    const token = readFileSync(join(folder, 'identity.jwt'), 'utf8')
    found.set(`${app} identity`, token.split('.')[2] ?? '')
  }
  const keys = JSON.parse(readFileSync(join(project.identities, 'keys.json'), 'utf8')) as {
    d: string
  }[]
  for (const [index, { d }] of keys.entries()) found.set(`identity key ${index}`, d)
  for (const file of [
    join(project.identities, 'root.key'),
    join(project.certificates, 'issuer.key'),
  ])
    found.set(file, readFileSync(file, 'utf8').split('\n')[1] ?? '')
  return found
}

/** Where one of the values stands, without the value. */
function leaks(texts: Iterable<[string, readonly string[]]>, values: Iterable<[string, string]>) {
  const wanted = [...values]
  for (const [name, value] of wanted) expect(value.length, name).toBeGreaterThan(8)
  return [...texts].flatMap(([where, all]) =>
    wanted
      .filter(([, value]) => all.some((text) => text.includes(value)))
      .map(([name, value]) => {
        const line =
          all
            .join('\n')
            .split('\n')
            .find((one) => one.includes(value)) ?? ''
        return `${where}: ${name}: ${line.replaceAll(value, '…').slice(0, 300)}`
      }),
  )
}

const everything = () =>
  new Map([...logs(), ['process list', commandLines()], ['terminal', [printed]]])

it('every process has written something, so there is something to look at', () => {
  for (const { appID } of appConfigs)
    expect(logs().get(appID)?.join('').length, appID).toBeGreaterThan(0)
  expect(commandLines().join()).toContain('daprd')
})

it('no generated secret is in a log, in the process list or on the terminal', () => {
  expect(leaks(everything(), generated())).toEqual([])
})

it('no token or password of a customer is', () => {
  const theirs = issued.flatMap((token, index) => [
    [`token ${index}`, token.split('.').at(-1) ?? ''],
  ])
  const values = [...theirs, ['password', person.password], ['wrong password', person.wrong]]
  expect(leaks(everything(), values as [string, string][])).toEqual([])
})

it('no personal datum of a customer is', () => {
  const { password: _, wrong: __, ...data } = person
  const encoded = Object.entries(data).map(([name, value]): [string, string] => [
    `${name}, encoded`,
    encodeURIComponent(value),
  ])
  expect(leaks(everything(), [...Object.entries(data), ...encoded])).toEqual([])
})
