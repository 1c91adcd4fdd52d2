import { randomUUID } from 'node:crypto'
import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { output } from '@sidecart/platform/process/spawn.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../architecture/tree.ts'
import { copyCheckout } from '../crash/copy.ts'
import { ask, signIn } from '../system/client.ts'

/*
 * A shop is backed up, goes on selling, loses all data, and is restored.
 */

const minutes = 60_000
const copy = join(root, '.sidecart/backup')
const archive = join(root, '.sidecart/backup.tar.gz')

const sidecart = (...args: string[]) =>
  output(process.execPath, ['packages/cli/main.ts', ...args], 8 * minutes, { cwd: copy })

const buy = async (): Promise<string> =>
  JSON.parse((await sidecart('order', '--json')).trim()).orderId

beforeAll(async () => {
  rmSync(archive, { force: true })
  copyCheckout(copy, ['packages', 'services', 'components', 'dapr.yaml', 'package.json'])
  // links are as old as what they lead to: the web app is not built again
  for (const path of ['docs', 'package-lock.json']) symlinkSync(join(root, path), join(copy, path))
  await sidecart('up', '--detach')
}, 5 * minutes)
afterAll(async () => {
  await sidecart('down')
  for (const path of [copy, archive]) rmSync(path, { recursive: true, force: true })
})

test('a restored shop has what it had when it was backed up, and nothing else', {
  timeout: 10 * minutes,
}, async () => {
  const account = { email: `${randomUUID()}@example.com`, password: randomUUID(), name: 'Ada' }
  expect((await ask('POST', '/users', account)).status).toBe(201)
  const before = [await buy(), await buy()]
  await expect(sidecart('backup', archive)).rejects.toThrow('stop the shop first')
  await sidecart('down')
  await sidecart('backup', archive)

  await sidecart('up', '--detach')
  const after = await buy()
  await sidecart('down')
  rmSync(join(copy, '.sidecart'), { recursive: true })
  await sidecart('restore', archive)
  await sidecart('up', '--detach')

  const { ok, checks } = JSON.parse(await sidecart('verify', '--json', '--all'))
  expect({ ok, many: checks.length > 10 }).toEqual({ ok: true, many: true })
  const ada = await signIn(account.email, account.password)
  expect(ada.email).toBe(account.email)
  const token = (await sidecart('accounts', '--token')).trim()
  const shown = async (id: string) =>
    (await ask('GET', `/orders/${id}`, undefined, { authorization: `Bearer ${token}` })).status
  expect(await Promise.all([...before, after].map(shown))).toEqual([200, 200, 404])
  expect(await shown(await buy())).toBe(200)
})
