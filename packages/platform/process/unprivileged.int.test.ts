import { execFileSync } from 'node:child_process'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testWithRoot } from '@sidecart/testing/needs.ts'
import { expect, onTestFinished } from 'vitest'
import { temporaryFolder } from '../install/testing.ts'
import { runnableFolder, unprivilegedUser } from './unprivileged.ts'

const test = testWithRoot('programs are copied for another user')

test('programs in closed folders are copied so that the other user can run them, also over a copy that is closed', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'bin'), { mode: 0o700 })
  await writeFile(join(folder, 'bin/program'), '#!/bin/sh\necho runs\n', { mode: 0o700 })
  await chmod(folder, 0o700)
  const user = unprivilegedUser(() => {})
  const version = `test-${process.pid}`
  const copy = await runnableFolder(folder, version, user, () => {})
  onTestFinished(() => rm(copy, { recursive: true, force: true }))
  const run = () =>
    execFileSync(join(copy, 'bin/program'), { ...user, cwd: '/', encoding: 'utf8' }).trim()
  expect(run()).toBe('runs')

  await chmod(copy, 0o700)
  expect(run).toThrow('EACCES')
  expect(await runnableFolder(folder, version, user, () => {})).toBe(copy)
  expect(run()).toBe('runs')
})
