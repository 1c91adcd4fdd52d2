import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { procOf } from '../process/spawn.ts'
import { withLock } from './file-lock.ts'
import { temporaryFolder } from './testing.ts'

/** Runs `takers` concurrently and returns the largest number inside the lock together. */
async function crowd(file: string, takers: number): Promise<number> {
  let inside = 0
  let most = 0
  const work = async () => {
    inside += 1
    most = Math.max(most, inside)
    await new Promise((resolve) => setImmediate(resolve))
    inside -= 1
  }
  await Promise.all(Array.from({ length: takers }, () => withLock(file, work)))
  return most
}

test('one at a time, and nothing is left behind', async () => {
  const folder = await temporaryFolder()
  expect(await crowd(join(folder, 'lock'), 5)).toBe(1)
  expect(await readdir(folder)).toEqual([])
})

test('the lock of a program that no longer runs is taken over, by one only', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'lock')
  await writeFile(file, JSON.stringify({ ...procOf('start', process.pid), startMark: 'earlier' }))
  expect(await crowd(file, 5)).toBe(1)
  expect(await readdir(folder)).toEqual([])
})

test('who waits is told for whom, and gives up in time', async () => {
  const file = join(await temporaryFolder(), 'lock')
  const lines: string[] = []
  await withLock(file, async () => {
    const second = withLock(file, async () => {}, {
      log: (line) => lines.push(line),
      timeoutMs: 150,
    })
    await expect(second).rejects.toThrow(`waiting for the lock ${file}`)
  })
  expect(lines).toEqual([`waiting for another start (pid ${process.pid}) that holds ${file}`])
})

test('work that fails gives the lock back', async () => {
  const file = join(await temporaryFolder(), 'lock')
  await expect(withLock(file, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(existsSync(file)).toBe(false)
})
