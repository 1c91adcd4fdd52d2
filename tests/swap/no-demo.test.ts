import { randomUUID } from 'node:crypto'
import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Project, projectAt } from '@sidecart/platform/config/project.ts'
import { readSecrets } from '@sidecart/platform/config/secrets.ts'
import { output } from '@sidecart/platform/process/spawn.ts'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../architecture/tree.ts'
import { copyCheckout } from '../crash/copy.ts'
import { ask, signIn } from '../system/client.ts'

/*
 * A shop that was started without demo accounts, from a copy of the checkout, with data of its own.
 */

const copy = join(root, '.sidecart/no-demo')
let project: Project
const minutes = 60_000

/** As in a terminal in which nothing was set. */
const { SIDECART_DEMO: _, ...env } = process.env
const sidecart = (...args: string[]) =>
  output(process.execPath, ['packages/cli/main.ts', ...args], 8 * minutes, { cwd: copy, env })

async function emailsOf(role: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: readSecrets(project)['users-database'] })
  await client.connect()
  try {
    const sql = 'select email from users where role = $1'
    return (await client.query<{ email: string }>(sql, [role])).rows.map(({ email }) => email)
  } finally {
    await client.end()
  }
}

let welcome = ''
beforeAll(async () => {
  copyCheckout(copy, ['packages', 'services', 'components', 'dapr.yaml', 'package.json'])
  // links are as old as what they lead to: the web app is not built again
  for (const path of ['docs', 'package-lock.json']) symlinkSync(join(root, path), join(copy, path))
  project = projectAt(copy)
  welcome = await sidecart('up', '--detach', '--no-demo')
}, 5 * minutes)
afterAll(async () => {
  await sidecart('down')
  rmSync(copy, { recursive: true, force: true })
})

test(
  'has no account at all, and says how operators are invited',
  async () => {
    expect(welcome).toContain('./sidecart operators invite')
    expect(welcome).not.toContain('@sidecart.example')
    expect([...(await emailsOf('operator')), ...(await emailsOf('customer'))]).toEqual([])
    for (const name of ['demo', 'operator']) {
      const password = readSecrets(project)[`${name}-password`]
      const answer = await ask('POST', '/sessions', { email: `${name}@sidecart.example`, password })
      expect(answer.status, name).toBe(401)
    }
    await expect(sidecart('order')).rejects.toThrow(/no demo customer/)
  },
  minutes,
)

test('is checked and mended by command, before there is any operator', {
  timeout: minutes,
}, async () => {
  const { ok, checks } = JSON.parse(await sidecart('verify', '--json'))
  expect({ ok, many: checks.length > 10 }).toEqual({ ok: true, many: true })
  expect(await sidecart('dead-letters', 'list')).toContain('no dead letters')
  expect(await sidecart('operators', 'list')).toContain('no operators yet')
})

test('gets its operator by an invitation, and no demo account when it moves to another broker', {
  timeout: 10 * minutes,
}, async () => {
  const email = `${randomUUID()}@example.com`
  const password = randomUUID()
  const { link } = JSON.parse(await sidecart('operators', 'invite', email, '--json'))
  const token = new URL(link).hash.slice(1)
  await ask('POST', '/invitations', { token, name: 'Olga', password })
  await sidecart('swap', '--to', 'redis')
  expect(await emailsOf('operator')).toEqual([email])
  expect(await emailsOf('customer')).toEqual([])
  const olga = await signIn(email, password)
  expect((await olga.ask('GET', '/orders/sagas')).status).toBe(200)
})
