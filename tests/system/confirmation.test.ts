// notifications: optional file
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { awaitToken, mailsFor } from '@sidecart/client/mail-catcher.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { until } from '@sidecart/testing/until.ts'
import pg from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  ask,
  confirmEmail,
  inbox,
  mailsTo,
  newCustomer,
  orderOf,
  type Person,
  placed,
  reaches,
  root,
  secrets,
  signIn,
} from './client.ts'
import { appConfigs } from './shop.ts'

const mug = 'MUG-ENAMEL-BLUE'

/** Every row of every table of a service's database, as text. */
async function rowsOf(service: string): Promise<string> {
  const client = new pg.Client({ connectionString: secrets()[`${service}-database`] })
  await client.connect()
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    )
    let text = ''
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(
        `select to_jsonb(t)::text as row from "${name}" as t`,
      )
      text += rows.map(({ row }) => row).join('\n')
    }
    return text
  } finally {
    await client.end()
  }
}

/** What processes have written: logs, and the files of the broker. */
function filesOf(): { name: string; content: Buffer }[] {
  const project = projectAt(root)
  const folders = [
    project.logs,
    join(project.home, 'nats'),
    ...appConfigs.map(({ appDirPath }) => join(root, appDirPath, '.dapr/logs')),
  ]
  return folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => ({ name, content: readFileSync(join(parentPath, name)) })),
  )
}

const notificationsOf = async (person: Person): Promise<string[]> => {
  const { body } = await person.ask('GET', '/notifications')
  const list = body.notifications as { kind: string; status: string }[]
  return list.map(({ kind, status }) => `${kind} ${status}`).toSorted()
}

describe('an e-mail', () => {
  let ada: Person
  let orderId: string
  let token: string

  beforeAll(async () => {
    ada = await newCustomer()
    orderId = await placed(ada, orderOf(mug))
    await reaches(ada, orderId, ['confirmed'])
    token = await awaitToken(inbox, ada.email)
  })

  it('that is not confirmed gets one mail, and the others are held', async () => {
    await until('all is noted down', async () => {
      const held = (await notificationsOf(ada)).filter((one) => one.endsWith(' held'))
      return held.length === 3
    })
    expect(await notificationsOf(ada)).toEqual([
      'confirm-email sent',
      'confirmed held',
      'placed held',
      'welcome held',
    ])
    expect(await mailsTo(ada.email)).toEqual(['Confirm your e-mail address'])
  })

  it('has a link that is in no database, log or file of the broker', async () => {
    for (const service of ['users', 'notifications', 'orders']) {
      const text = await rowsOf(service)
      expect(text.length, service).toBeGreaterThan(1_000)
      expect(text.includes(token), service).toBe(false)
    }
    const files = filesOf()
    expect(files.length).toBeGreaterThan(5)
    expect(files.filter(({ content }) => content.includes(token)).map(({ name }) => name)).toEqual(
      [],
    )
  })

  it('gets what was held once it is confirmed', async () => {
    const { status, body } = await ask('POST', '/confirmations', { token })
    expect([status, body]).toEqual([200, { email: ada.email }])
    const mails = await until('the mails come', async () => {
      const subjects = await mailsTo(ada.email)
      return subjects.length === 4 ? subjects : undefined
    })
    expect(mails.toSorted()).toEqual([
      'Confirm your e-mail address',
      'Welcome to Sidecart',
      `Your order ${orderId.slice(-8).toUpperCase()} is confirmed`,
      `Your order ${orderId.slice(-8).toUpperCase()} is with us`,
    ])
    expect((await ask('POST', '/confirmations', { token })).body).toMatchObject({
      code: 'link-void',
    })
  })

  it('that has an account: who registers it again is answered the same, and its owner is told', async () => {
    const password = randomUUID()
    const again = await ask('POST', '/users', { email: ada.email, password, name: 'Eve' })
    expect([again.status, again.body.emailConfirmed]).toEqual([201, false])
    const eve = await signIn(ada.email, password)
    expect(eve.userId).not.toBe(ada.userId)
    await until('the owner is told', async () =>
      (await mailsTo(ada.email)).includes('You have an account already'),
    )
    const told = (await mailsFor(inbox, ada.email)).at(-1)
    expect(`${told?.html}`).not.toMatch(/confirm#|Eve/)
    expect((await eve.ask('GET', '/users/me')).body).toMatchObject({ emailConfirmed: false })
  })

  it('is replaced once the new one is confirmed; then both are told', async () => {
    const password = randomUUID()
    const email = `${randomUUID()}@example.com`
    await ask('POST', '/users', { email, password, name: 'Grace' })
    await confirmEmail(email)
    const grace = await signIn(email, password)
    const next = `next-${email}`
    const change = await grace.ask('PATCH', '/users/me', { email: next, currentPassword: password })
    expect(change.body).toMatchObject({ email, pendingEmail: next })
    await signIn(email, password)
    await confirmEmail(next)
    expect((await signIn(next, password)).userId).toBe(grace.userId)
    for (const address of [email, next])
      await until(`${address} is told`, async () =>
        (await mailsTo(address)).includes('Your e-mail address was changed'),
      )
  })
})
