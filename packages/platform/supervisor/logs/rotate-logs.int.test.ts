import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '@sidecart/testing/until.ts'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../install/testing.ts'
import { spawnDetached, stopProcess } from '../../process/spawn.ts'
import { rotateLogs } from './rotate-logs.ts'

const noisy = `let n = 0; setInterval(() => console.log('line ' + ++n + ' ' + 'x'.repeat(200)), 1)`

test('the log of a program that goes on writing stays small, with the newest lines', async () => {
  const folder = await temporaryFolder()
  const logFile = join(folder, 'noisy.log')
  const proc = spawnDetached({
    name: 'noisy',
    command: process.execPath,
    args: ['-e', noisy],
    logFile,
  })
  onTestFinished(() => void stopProcess(proc))
  const rotation = rotateLogs([logFile, join(folder, 'missing.log')], {
    bytes: 20_000,
    everyMs: 20,
  })
  onTestFinished(rotation.stop)
  const numberOf = (text: string) => Number(/line (\d+)/.exec(text)?.[1] ?? 0)
  await until(
    'it has written ten times the limit',
    () => numberOf(readFileSync(logFile, 'utf8')) > 1_000,
    20_000,
  )
  expect(statSync(logFile).size).toBeLessThan(80_000)
  expect(readFileSync(`${logFile}.1`, 'utf8')).toMatch(/^(.*\n)?line \d+ x+\n/)
})
