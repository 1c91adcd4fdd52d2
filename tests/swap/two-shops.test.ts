import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { movedPort } from '@sidecart/platform/config/ports.ts'
import { output } from '@sidecart/platform/process/spawn.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../architecture/tree.ts'
import { copyCheckout } from '../crash/copy.ts'

/*
 * Two shops from two checkouts on one machine: one on the usual ports, one beside it.
 */

const minutes = 60_000
const from = 18_000
const usual = join(root, '.sidecart/usual')
const beside = join(root, '.sidecart/beside')

const sidecartIn =
  (cwd: string) =>
  (...args: string[]) =>
    output(process.execPath, ['packages/cli/main.ts', ...args], 8 * minutes, { cwd })
const shops = { usual: sidecartIn(usual), beside: sidecartIn(beside) }

type Status = { ready: boolean; processes: { name: string; ports: Record<string, number> }[] }
const portsOf = async (sidecart: (typeof shops)['usual']): Promise<number[]> => {
  const { ready, processes } = JSON.parse(await sidecart('status', '--json')) as Status
  expect(ready).toBe(true)
  return processes.flatMap(({ ports }) => Object.values(ports))
}

beforeAll(async () => {
  for (const copy of [usual, beside]) {
    copyCheckout(copy, ['packages', 'services', 'components', 'dapr.yaml', 'package.json'])
    // links are as old as what they lead to: the web app is not built again
    for (const path of ['docs', 'package-lock.json'])
      symlinkSync(join(root, path), join(copy, path))
  }
  await shops.usual('up', '--detach')
}, 5 * minutes)
afterAll(async () => {
  for (const sidecart of Object.values(shops)) await sidecart('down')
  for (const copy of [usual, beside]) rmSync(copy, { recursive: true, force: true })
})

test('sell beside each other, each found by its own commands, and stop one by one', {
  timeout: 15 * minutes,
}, async () => {
  const opened = await shops.beside('up', '--detach', '--ports-from', String(from))
  expect(opened).toContain(`http://127.0.0.1:${from}/`)
  const [ports, others] = [await portsOf(shops.beside), await portsOf(shops.usual)]
  expect(ports.length).toBe(others.length)
  expect(ports.toSorted()).toEqual(others.map((port) => movedPort(port, from)).toSorted())
  expect(ports.filter((port) => port < from || port >= from + 1_000)).toEqual([])

  for (const sidecart of Object.values(shops)) {
    const { status } = JSON.parse(await sidecart('order', '--json'))
    expect(status).toBe('confirmed')
  }
  for (const sidecart of Object.values(shops)) {
    const { ok, checks } = JSON.parse(await sidecart('verify', '--json'))
    expect({ ok, many: checks.length > 10 }).toEqual({ ok: true, many: true })
  }
  await shops.usual('down')
  expect(JSON.parse(await shops.beside('order', '--json')).status).toBe('confirmed')
  await shops.beside('down')

  // the ports are those of the last start, with the events and the data of before
  expect(await shops.beside('up', '--detach')).toContain(`http://127.0.0.1:${from}/`)
  await shops.beside('down')
  expect(await shops.beside('up', '--detach', '--ports-from', 'usual')).toContain(
    'http://127.0.0.1:8080/',
  )
  const { ok } = JSON.parse(await shops.beside('verify', '--json', '--all'))
  expect(ok).toBe(true)
  await shops.beside('down')
})
