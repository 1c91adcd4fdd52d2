import { execFile, spawn } from 'node:child_process'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../architecture/tree.ts'
import { copyRepository } from './copy.ts'

const copy = join(root, '.sidecart/scaffold-dev')
const node = join(copy, 'node_modules/.bin/node')
const main = 'packages/cli/main.ts'
const run = promisify(execFile)

type Status = { processes: { name: string; pid?: number; ready: boolean }[] }

async function pids(): Promise<Record<string, number | undefined>> {
  const { stdout } = await run(node, [main, 'status', '--json'], { cwd: copy }).catch(
    (error) => error as { stdout: string },
  )
  const { processes } = JSON.parse(stdout) as Status
  return Object.fromEntries(processes.map(({ name, pid }) => [name, pid]))
}

beforeAll(() => copyRepository(copy))
afterAll(async () => {
  await run(node, [main, 'down'], { cwd: copy }).catch(() => {})
  rmSync(copy, { recursive: true, force: true })
})

it('sidecart dev restarts the service of a changed file, and neither its sidecar nor another service', async () => {
  const dev = spawn(node, [main, 'dev'], { cwd: copy, stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  dev.stdout.on('data', (chunk) => {
    printed += String(chunk)
  })
  const ended = new Promise((resolve) => dev.once('exit', resolve))
  await until('the shop is watched', () => printed.includes('watching '), 120_000)
  const before = await pids()
  appendFileSync(join(copy, 'services/catalog/domain.ts'), '\n// a change\n')
  await until(
    'catalog was restarted',
    () => /catalog restarted in .*domain\.ts/.test(printed),
    60_000,
  )
  const after = await pids()
  const changed = Object.keys(before).filter((name) => before[name] !== after[name])
  expect(changed).toEqual(['catalog'])
  expect((await fetch('http://127.0.0.1:8080/products')).status).toBe(200)
  dev.kill('SIGINT')
  expect(await ended).toBe(0)
  expect(printed).toMatch(/stopped \d+ processes/)
})
