import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { temporaryFolder } from '@sidecart/platform/install/testing.ts'
import { procOf } from '@sidecart/platform/process/spawn.ts'
import { describe, expect, it } from 'vitest'

/** A checkout whose installed packages are not those of package-lock.json, and an npm that notes its arguments. */
async function staleCheckout() {
  const root = await temporaryFolder()
  const write = (path: string, text: string, mode?: number) => {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text, { mode })
  }
  const cli = join('packages', 'cli')
  mkdirSync(join(root, cli), { recursive: true })
  cpSync(join(import.meta.dirname, 'bin.mjs'), join(root, cli, 'bin.mjs'))
  write(join(cli, 'main.ts'), `console.log('ran', process.argv.slice(2).join(' '))\n`)
  write('package.json', '{ "type": "module" }')
  write('package-lock.json', '{ "packages": { "node_modules/one": { "version": "2.0.0" } } }')
  write('node_modules/.package-lock.json', '{ "packages": {} }')
  mkdirSync(join(root, 'node_modules/.bin'))
  symlinkSync(process.execPath, join(root, 'node_modules/.bin/node'))
  write('bin/npm', `#!/bin/sh\necho "$*" >> "${join(root, 'npm.log')}"\n`, 0o755)

  function run(...args: string[]) {
    const PATH = [join(root, 'bin'), process.env.PATH].join(delimiter)
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, cli, 'bin.mjs'), ...args],
      { encoding: 'utf8', env: { PATH } },
    )
    const log = join(root, 'npm.log')
    return { status, stdout, stderr, npm: existsSync(log) ? readFileSync(log, 'utf8') : '' }
  }
  const isRunning = (state: object) => write('.sidecart/run/state.json', JSON.stringify(state))
  return { run, isRunning }
}

const here = procOf('supervisor', process.pid) ?? { name: '', pid: 0, startMark: '' }
const nats = { ...here, name: 'nats', role: 'backing' }

describe('with packages other than those of package-lock.json', () => {
  it('a command installs them first', async () => {
    const { run } = await staleCheckout()
    const { status, stdout, npm } = run('status')
    expect([status, stdout]).toEqual([0, 'ran status\n'])
    expect(npm).toMatch(/^ci /)
  })

  it('a command installs nothing while a shop runs from them, and says what to do', async () => {
    const { run, isRunning } = await staleCheckout()
    isRunning({ supervisor: here, processes: [] })
    for (const args of [['up'], ['order'], ['check'], ['backing', 'start']]) {
      const { status, stdout, stderr, npm } = run(...args)
      expect([status, stdout, npm], args.join(' ')).toEqual([1, '', ''])
      expect(stderr).toMatch(
        new RegExp(`1\\. stop it: +\\./sidecart down +\\(or: kill ${here.pid}\\)\\n`),
      )
      expect(stderr).toMatch(/2\. install: +npm ci\n.*3\. start again: \.\/sidecart up\n/s)
    }
  })

  it('the same while servers run for `dapr run -f .`', async () => {
    const { run, isRunning } = await staleCheckout()
    isRunning({ processes: [nats] })
    const { status, stderr, npm } = run('status')
    expect([status, npm]).toEqual([1, ''])
    expect(stderr).toContain('./sidecart backing stop')
  })

  it('the commands that stop it run with the packages that are there', async () => {
    const { run, isRunning } = await staleCheckout()
    isRunning({ supervisor: here, processes: [nats] })
    for (const args of [['down'], ['backing', 'stop', 'nats']])
      expect(run(...args)).toMatchObject({ status: 0, stdout: `ran ${args.join(' ')}\n`, npm: '' })
  })

  it('a shop that ended, or whose pid another process has, hinders nothing', async () => {
    const { run, isRunning } = await staleCheckout()
    const ended = { ...nats, pid: 2 ** 22 + 1 }
    const another = process.platform === 'linux' ? { ...here, startMark: '00000000:1' } : ended
    isRunning({ supervisor: another, processes: [ended] })
    const { status, npm } = run('status')
    expect(status).toBe(0)
    expect(npm).toMatch(/^ci /)
  })
})

it('backing start refuses other ports than those of dapr.yaml', () => {
  const main = join(import.meta.dirname, 'main.ts')
  const words = ['backing', 'start', '--ports-from', '18000']
  const { status, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([1, expect.stringContaining('takes the ports that dapr.yaml')])
})

it('test --help prepares and runs nothing', () => {
  const main = join(import.meta.dirname, 'main.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'test', '--help'], {
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toContain('sidecart test [OPTIONS]')
})
