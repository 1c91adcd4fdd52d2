import { expect, test } from 'vitest'
import { ensureProgram, type Program } from './packages.ts'

const node: Program = {
  name: 'node',
  debian: 'nodejs',
  brew: 'node',
  version: { args: ['--version'], pattern: /v(\d+\.\d+\.\d+)/ },
  least: '20.0.0',
}

test('a program that is there and fits is used as it is', async () => {
  const { path, version } = await ensureProgram(node)
  expect(path).toMatch(/\/node$/)
  expect(`v${version}`).toBe(process.version)
})

test('one that cannot be had is an error with the command that installs it', async () => {
  const missing = { ...node, name: 'no-such-server', debian: 'no-such-package', brew: 'none' }
  await expect(ensureProgram(missing, { install: false })).rejects.toThrow(
    /^no-such-server cannot be started: not on this machine\.\nThis installs it: .*(no-such-package|brew install none)/,
  )
})

test('one that is too old says which it found', async () => {
  await expect(ensureProgram({ ...node, least: '999.0.0' }, { install: false })).rejects.toThrow(
    /node has version .*, needed is 999\.0\.0 or later/,
  )
})
