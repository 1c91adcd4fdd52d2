import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setArgs } from '@sidecart/platform/config/components/component-sets.ts'
import { appEnvironment, readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { demoVariable, hasDemo, rememberDemo, withoutDemo } from '@sidecart/platform/config/demo.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { welcome } from '@sidecart/platform/supervisor/welcome.ts'
import { runCommand } from 'citty'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { command } from './command.ts'
import accounts from './commands/shop/accounts.ts'

const forget = () => void delete process.env[demoVariable]
beforeEach(forget)
afterEach(forget)

const project = projectAt()
const askedIn = (appConfigs: ReturnType<typeof withoutDemo>) =>
  appConfigs.flatMap((appConfig) => {
    const asked = appEnvironment(appConfig).DEMO_ACCOUNTS
    return asked === undefined ? [] : [[appConfig.appId, asked]]
  })

test('dapr.yaml asks for demo accounts, of users only, and they can be left out', () => {
  const appConfigs = readRunFile(project.runFile)
  expect(askedIn(appConfigs)).toEqual([['users', 'true']])
  expect(askedIn(withoutDemo(appConfigs))).toEqual([['users', 'false']])
})

const kept = () => {
  const home = mkdtempSync(join(tmpdir(), 'sidecart-demo-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  return { home }
}
const run = (...rawArgs: string[]) =>
  runCommand(command({ args: setArgs, run: () => {} }), { rawArgs })

test.each([
  [[], true],
  [['--demo'], true],
  [['--no-demo'], false],
])('a first start with %j: demo accounts %s', async (rawArgs, expected) => {
  await run(...rawArgs)
  expect(hasDemo(kept())).toBe(expected)
})

test('a shop that was started without demo accounts stays so until they are asked for', async () => {
  const shop = kept()
  const started = async (...rawArgs: string[]) => {
    forget()
    await run(...rawArgs)
    rememberDemo(shop)
    return hasDemo(shop)
  }
  expect(await started()).toBe(true)
  expect(await started('--no-demo')).toBe(false)
  expect(await started()).toBe(false)
  expect(await started('--demo')).toBe(true)
  expect(await started()).toBe(true)
})

test('without demo accounts the start names none, and how operators are invited', () => {
  const shown = (demo: boolean) => welcome(project, 'stop', { demo, observed: false })
  expect(shown(true)).toContain('operator@sidecart.example')
  expect(shown(false)).not.toContain('@sidecart.example')
  expect(shown(false)).toContain('./sidecart operators invite')
})

test('without demo accounts, sidecart accounts says so, and who can have one', async () => {
  process.env[demoVariable] = '0'
  const shown = runCommand(accounts, { rawArgs: [] })
  await expect(shown).rejects.toThrow(/no demo accounts.*operators invite.*\/ops/s)
})
