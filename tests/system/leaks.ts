import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { awaitToken } from '@sidecart/client/mail-catcher.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { until } from '@sidecart/testing/until.ts'
import {
  ask,
  inbox,
  mailsTo, // notifications: optional line
  operator,
  orderOf,
  placed,
  reaches,
  root,
  secrets,
  signIn,
} from './client.ts'
import { appConfigs, sidecart } from './shop.ts'

/*
 * What a running shop writes and shows, and what must not be in it. Used under `dapr run` (leaks.test.ts) and under the
 * supervisor (tests/availability/leaks.test.ts).
 */

export const project = projectAt(root)
const mark = randomUUID().slice(0, 8)
export const person = {
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

/**
 * A customer does what customers do, well and badly, while the mail server is away for a time; then an operator looks.
 * Returns the tokens that were issued, and what the operator's commands printed.
 *
 * @param stop the words after `sidecart` that stop the mail server
 * @param start the words that start it
 */
export async function liveThrough(stop: readonly string[], start: readonly string[]) {
  const { email, password, name } = person
  const issued: string[] = []
  await ask('POST', '/users', { email, password, name })
  await ask('POST', '/users', { email, password, name })
  await ask('POST', '/users', { email, password, name, unknown: person.street })
  await ask('POST', '/users', `{"email":"${email}","password":"${password}"`)
  await ask('POST', '/sessions', { email, password: person.wrong })
  await ask('POST', '/sessions', { email: person.other, password: person.wrong })
  const session = await ask('POST', '/sessions', { email, password })
  issued.push(String(session.body.accessToken), String(session.body.refreshToken))
  // notifications: optional
  const token = await awaitToken(inbox, email)
  issued.push(token)
  await ask('POST', '/confirmations', { token })
  await ask('POST', '/confirmations', { token: `x${token}` })
  await ask('POST', '/password-resets', { email })
  const reset = await awaitToken(inbox, email, 60_000, 'reset-password')
  issued.push(reset)
  const redemption = '/password-resets/redemption'
  await ask('POST', redemption, { token: `x${reset}`, newPassword: person.wrong })
  await ask('POST', redemption, { token: reset, newPassword: password })
  // /notifications
  // a new password ends the sessions of before
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
  // notifications: optional
  await until(
    'a mail came',
    async () => (await mailsTo(email)).includes('Welcome to Sidecart'),
    30_000,
  )
  // /notifications
  await sidecart(...stop)
  try {
    await reaches(me, await placed(me, order('card_approved')), ['confirmed'])
    // notifications: optional
    const failed = () =>
      [...logs()].some(
        ([process, texts]) =>
          process.startsWith('notifications') && /a mail was not sent/.test(texts.join('')),
      )
    await until('a mail was not sent', failed, 60_000, 500)
    // /notifications
  } finally {
    await sidecart(...start)
  }
  const ops = await operator()
  await ops.ask('GET', `/users?email=${encodeURIComponent(email)}`)
  await ops.ask('GET', `/orders?q=${encodeURIComponent(person.name)}`)
  let printed = ''
  for (const command of [
    ['status'],
    ['dead-letters', 'list'],
    ['keys', 'list'],
    ['secrets', 'list'],
  ])
    printed += await sidecart(...command).catch((error: { stdout?: string }) => error.stdout ?? '')
  await pause(1_000)
  return { issued, printed }
}

/** Everything that the shop has written for people to read, by the name of the process. */
export function logs(): Map<string, string[]> {
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

type Process = { pid: number; folder: string; commandLine: string; environment: string }

/** The processes of this machine but this one, with the environment where this user may read it. */
export function processes(): Process[] {
  const readable = (read: () => string) => {
    try {
      return read()
    } catch {
      return ''
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => ({
      pid: Number(pid),
      folder: readable(() => basename(readlinkSync(`/proc/${pid}/cwd`))),
      commandLine: readable(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).replaceAll(
        '\0',
        ' ',
      ),
      environment: readable(() => readFileSync(`/proc/${pid}/environ`, 'utf8')),
    }))
}

/** The command line of every process of this machine, which every user may read. */
export const commandLines = (): string[] => processes().map(({ commandLine }) => commandLine)

/** Every secret that was generated, in each form in which it is used. */
export function generated(): Map<string, string> {
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

/** What the customer proved to be the customer with, given the tokens that were issued. */
export const credentials = (issued: readonly string[]): [string, string][] => [
  ...issued.map((token, index): [string, string] => [
    `token ${index}`,
    token.split('.').at(-1) ?? '',
  ]),
  ['password', person.password],
  ['wrong password', person.wrong],
]

/** What the shop knows of the customer, as it is and as it stands in a URL. */
export function personalData(): [string, string][] {
  const { password: _, wrong: __, ...data } = person
  return Object.entries(data).flatMap(([name, value]): [string, string][] => [
    [name, value],
    [`${name}, encoded`, encodeURIComponent(value)],
    [`${name}, encoded in a form`, encodeURIComponent(value).replaceAll('%20', '+')],
  ])
}

/** Where one of the values stands, without the value. @throws Error when a value is too short to be looked for */
export function leaks(
  texts: Iterable<[string, readonly string[]]>,
  values: Iterable<[string, string]>,
): string[] {
  const wanted = [...values]
  for (const [name, value] of wanted)
    if (value.length <= 8) throw new Error(`${name} is too short to be looked for`)
  return [...texts].flatMap(([where, all]) =>
    wanted
      .filter(([, value]) => all.some((text) => text.includes(value)))
      .map(([name, value]) => {
        const line =
          all
            .join('\n')
            .split(/[\n\0]/)
            .find((one) => one.includes(value)) ?? ''
        return `${where}: ${name}: ${line.replaceAll(value, '…').slice(0, 300)}`
      }),
  )
}

/**
 * Environments in which a secret stands that is not the process's own: an app and its sidecar have the two tokens between
 * them and that of the app's metrics, the payment provider's sandbox has its key. The environment of a process is read by
 * its own user alone.
 */
export function leakedEnvironments(values: Iterable<[string, string]>): string[] {
  const wanted = [...values]
  return processes().flatMap(({ folder, commandLine, environment }) =>
    leaks([['', [environment]]], wanted)
      .filter((leak) => !isOwn(leak, folder, commandLine))
      .map((leak) => `${commandLine.slice(0, 80)}${leak}`),
  )
}

function isOwn(leak: string, folder: string, commandLine: string): boolean {
  const [, owner, name] =
    /^: (\S+) (?:(?:APP|DAPR)_API|METRICS)_TOKEN: ((?:(?:APP|DAPR)_API|METRICS)_TOKEN)=…$/.exec(
      leak,
    ) ?? []
  if (name) return owner?.replace(/-\d+$/, '') === folder
  const programs = [
    ['sandbox/main.ts', ': provider-api-key: PROVIDER_API_KEY=…'],
    ['mosquitto-sessions.ts', ': mqtt-url: MQTT_URL=mqtt://sidecart:…@127.0.0.1:1840'],
  ] as const
  return programs.some(([program, theirs]) => commandLine.includes(program) && leak === theirs)
}
