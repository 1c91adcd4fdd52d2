import { setArgs } from '@sidecart/platform/config/component-sets.ts'
import { appEnvironment, readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { demoVariable, hasDemo, withoutDemo } from '@sidecart/platform/config/demo.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { welcome } from '@sidecart/platform/supervisor/welcome.ts'
import { runCommand } from 'citty'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { command } from './command.ts'

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

test.each([
  [[], true],
  [['--no-demo'], false],
])('a shop started with %j: demo accounts %s', async (rawArgs, expected) => {
  await runCommand(command({ args: setArgs, run: () => {} }), { rawArgs })
  expect(hasDemo()).toBe(expected)
})

test('without demo accounts the start names none', () => {
  const shown = (demo: boolean) => welcome(project, 'stop', { demo, observed: false })
  expect(shown(true)).toContain('operator@sidecart.example')
  expect(shown(false)).not.toContain('@sidecart.example')
})
