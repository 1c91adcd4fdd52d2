import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '@sidecart/testing/until.ts'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { projectAt } from '../config/project.ts'
import { watchServices } from './watch-services.ts'

let root: string
let restarts: string[]
let finish: () => void
let end: () => void

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sidecart-watch-'))
  for (const folder of ['services/orders', 'services/carts', 'packages/chassis/core'])
    mkdirSync(join(root, folder), { recursive: true })
  restarts = []
  let finished = Promise.resolve()
  finish = () => {}
  end = watchServices(projectAt(root), {
    services: ['orders', 'carts'],
    restart: async (service, file) => {
      restarts.push(`${service}: ${file}`)
      await finished
    },
  })
  hold = () => {
    const held = Promise.withResolvers<void>()
    finished = held.promise
    finish = held.resolve
  }
})
afterEach(() => {
  finish()
  end()
  rmSync(root, { recursive: true })
})

let hold: () => void
const write = (path: string) => writeFileSync(join(root, path), String(performance.now()))
const seen = (count: number) => until(`${count} restarts`, () => restarts.length >= count)

it('a changed file restarts its service, once', async () => {
  write('services/orders/domain.ts')
  write('services/orders/domain.ts')
  await seen(1)
  write('services/carts/store.ts')
  await seen(2)
  expect(restarts).toEqual(['orders: services/orders/domain.ts', 'carts: services/carts/store.ts'])
})

it('tests and pages restart nothing', async () => {
  write('services/orders/domain.test.ts')
  write('services/orders/README.md')
  write('services/carts/store.ts')
  await seen(1)
  expect(restarts).toEqual(['carts: services/carts/store.ts'])
})

it('a change of the chassis restarts every service', async () => {
  write('packages/chassis/core/errors.ts')
  await seen(2)
  expect(restarts.sort()).toEqual([
    'carts: packages/chassis/core/errors.ts',
    'orders: packages/chassis/core/errors.ts',
  ])
})

it('a change during a restart causes another one afterwards', async () => {
  hold()
  write('services/orders/domain.ts')
  await seen(1)
  write('services/orders/store.ts')
  write('services/carts/store.ts')
  await seen(2)
  expect(restarts).toEqual(['orders: services/orders/domain.ts', 'carts: services/carts/store.ts'])
  finish()
  await seen(3)
  expect(restarts[2]).toBe('orders: services/orders/store.ts')
})
