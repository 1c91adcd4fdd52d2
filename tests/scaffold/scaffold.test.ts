import { execFile } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { signIn } from '@sidecart/client/shop-client.ts'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../architecture/tree.ts'
import { copyRepository } from './copy.ts'

/* `sidecart new` and `sidecart remove` in a copy of the checkout, as anybody would use them. */

const copy = join(root, '.sidecart/scaffold')
const run = promisify(execFile)
const bin = join(copy, 'node_modules/.bin')
const options = { cwd: copy, maxBuffer: 64 * 1024 * 1024 }

const program = (name: string, ...args: string[]) => run(join(bin, name), args, options)
const sidecart = (...args: string[]) => program('node', 'packages/cli/main.ts', ...args)
const output = async (what: Promise<{ stdout: string; stderr: string }>): Promise<string> => {
  const { stdout, stderr } = await what.catch((error) => error)
  return stdout + stderr
}
const changes = async () =>
  (await run('git', ['status', '--porcelain', '--untracked-files=all'], options)).stdout

beforeAll(() => copyRepository(copy))

afterAll(async () => {
  await sidecart('down').catch(() => {})
  rmSync(copy, { recursive: true, force: true })
})

const subscribing = ['--database', '--subscribes', 'orders-confirmed-v1', '--calls', 'catalog']

describe('a new service with a database, an event and a call', () => {
  it('passes npm run check and the unit tests as it is written', async () => {
    await sidecart('new', 'gifts', ...subscribing)
    expect(await output(sidecart('check'))).not.toContain('✖')
    await program('vitest', 'run', '--project', 'unit')
    expect(await changes()).toContain('services/gifts/service.ts')
  })

  it('starts with the shop, answers through the gateway and receives events', async () => {
    await sidecart('up', '--detach')
    const { gateway, demo } = await connectionInfo(join(copy, '.sidecart'))
    expect((await fetch(`${gateway}/gifts`)).status).toBe(401)
    const shop = await signIn(gateway, demo.email, demo.password)
    await shop.ask('POST', '/gifts', { text: 'first' })
    const texts = async () => {
      const { entries } = await shop.ask('GET', '/gifts')
      return (entries as { text: string }[]).map(({ text }) => text)
    }
    expect(await texts()).toEqual(['first'])
    const { status } = await shop.orderToRest(
      { sku: 'MUG-ENAMEL-BLUE', quantity: 1, card: 'card_approved' },
      60_000,
    )
    expect(status).toBe('confirmed')
    await until('the event has been received', async () =>
      (await texts()).some((text) => text.startsWith('orders-confirmed-v1 ')),
    )
    expect((await fetch(`${gateway}/openapi.json`)).status).toBe(200)
    expect(await output(sidecart('verify', '--all'))).toContain('inboxes-full')
    await sidecart('verify', '--all')
    expect(await output(sidecart('dead-letters', 'list', 'gifts'))).toContain('no dead letters')
    await sidecart('down')
  })

  it('leaves nothing behind when it is removed', () => removed('gifts'))
})

describe('new services that call, store, or do neither', () => {
  const others: readonly (readonly [name: string, given: readonly string[]])[] = [
    ['stamps', ['--calls', 'catalog.list,payments.charge']],
    ['plain', []],
    ['letters', ['--database']],
  ]

  it('pass the checks and their tests as they are written', async () => {
    for (const [name, given] of others) await sidecart('new', name, ...given)
    expect(await output(sidecart('check'))).not.toContain('✖')
    await program('vitest', 'run', ...others.map(([name]) => `services/${name}/`))
  })

  it('leave nothing behind when they are removed', async () => {
    for (const [name] of others) await removed(name, { toTheLast: name === 'letters' })
  })
})

async function removed(name: string, { toTheLast = true } = {}): Promise<void> {
  await sidecart('remove', name)
  if (toTheLast) expect(await changes()).toBe('')
  expect(existsSync(join(copy, 'services', name))).toBe(false)
  expect(existsSync(join(copy, 'node_modules/@sidecart', name))).toBe(false)
}

describe('sidecart new refuses', () => {
  it.each<[string, string[], string]>([
    ['a service that is there', ['orders'], 'orders is a name or a path of the service orders'],
    ['a path of another service', ['products'], 'is a name or a path of the service catalog'],
    ['two words', ['gift-cards'], 'one word of 2 to 20 lower-case letters'],
    ['the name of a container', ['provider'], 'provider has another meaning here'],
    ['a path of the gateway', ['docs'], 'docs has another meaning here'],
    ['an unknown event', ['gifts', '--database', '--subscribes', 'a-b-v1'], 'there is no event'],
    ['events without a database', ['gifts', '--subscribes', 'x'], '--subscribes needs --database'],
    ['an unknown callee', ['gifts', '--calls', 'stamps'], 'there is no service stamps'],
    ['a route for customers only', ['gifts', '--calls', 'carts'], 'which route of carts?'],
  ])('%s', async (_, given, message) => {
    expect(await output(sidecart('new', ...given))).toContain(message)
    expect(await changes()).toBe('')
  })
})

describe('sidecart remove refuses', () => {
  it.each([
    ['stamps', 'there is no service stamps'],
    ['gateway', 'the gateway is the entry point'],
    ['payments', 'orders subscribes to payments-refunded-v1'],
    ['catalog', 'orders calls PUT /internal/reservations/{orderId}'],
    ['catalog', 'services/carts/contract.ts imports from it'],
  ])('%s: %s', async (name, message) => {
    expect(await output(sidecart('remove', name))).toContain(message)
    expect(await changes()).toBe('')
  })

  it('a service on which a new one depends, and names it', async () => {
    await sidecart('new', 'gifts', ...subscribing)
    const refusal = await output(sidecart('remove', 'orders'))
    expect(refusal).toContain('gifts subscribes to orders-confirmed-v1')
    expect(refusal).toContain('services/gifts/package.json imports from it')
    await removed('gifts')
  })
})

describe('a service of the shop that no other needs', () => {
  it.each(['carts', 'notifications'])(
    '%s is removed with its alerts, pages, tests and parts of other files; the rest passes the checks',
    async (name) => {
      await sidecart('remove', name)
      expect(await output(sidecart('check'))).not.toContain('✖')
      await program('vitest', 'run', '--project', 'unit')
      const mentions = await output(run('git', ['grep', '-l', `${name}: optional`], options))
      expect(mentions.split('\n').filter((path) => !path.startsWith('tests/scaffold/'))).toEqual([
        '',
      ])
    },
  )

  it('leaves a shop that sells', async () => {
    await sidecart('up', '--detach')
    expect(await output(sidecart('order'))).toContain('is confirmed')
    await sidecart('verify', '--all')
    await sidecart('down')
  })
})
