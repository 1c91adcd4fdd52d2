import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { projectAt } from '../config/project.ts'
import { procOf } from '../process/spawn.ts'
import { writeState } from '../supervisor/state-file.ts'
import { backup, restore } from './backup.ts'

function temporary() {
  const folder = mkdtempSync(join(tmpdir(), 'sidecart-backup-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return { file: join(folder, 'shop.tar.gz'), folder }
}

/** Returns a stopped shop with data of a broker, and files that are not kept. */
function stoppedShop(folder: string) {
  const project = projectAt(folder)
  mkdirSync(join(project.home, 'nats'), { recursive: true })
  writeFileSync(join(project.home, 'nats/events'), 'placed, confirmed')
  writeFileSync(project.secretsFile, '{"jwt-keys":"[]"}', { mode: 0o600 })
  for (const name of ['logs', 'cache']) {
    mkdirSync(join(project.home, name))
    writeFileSync(join(project.home, name, 'file'), 'not kept')
  }
  return project
}

test('a backup brings data and secrets back, and neither logs nor caches', async () => {
  const { file, folder } = temporary()
  const project = stoppedShop(folder)
  const { made } = await backup(project, file)
  expect(statSync(file).mode & 0o777).toBe(0o600)

  rmSync(project.home, { recursive: true })
  expect(await restore(project, file)).toMatchObject({ made })
  expect(readdirSync(project.home).sort()).toEqual(['nats', 'secrets.json'])
  expect(readFileSync(join(project.home, 'nats/events'), 'utf8')).toBe('placed, confirmed')
  expect(statSync(project.secretsFile).mode & 0o777).toBe(0o600)
})

test('neither is done while a server runs', async () => {
  const { file, folder } = temporary()
  const project = stoppedShop(folder)
  const self = procOf('nats', process.pid)
  const record = { role: 'backing', phase: 'ready', ports: {}, restarts: 0, logFile: '' } as const
  if (self) writeState(project, { processes: [{ ...record, ...self }] })
  await expect(backup(project, file)).rejects.toThrow('nats runs; stop the shop first')
  await expect(restore(project, file)).rejects.toThrow('nats runs; stop the shop first')
  expect(existsSync(file)).toBe(false)
})

test('nothing is overwritten: neither a file by a backup nor data by a restore', async () => {
  const { file, folder } = temporary()
  const project = stoppedShop(folder)
  await backup(project, file)
  await expect(backup(project, file)).rejects.toThrow('shop.tar.gz exists')
  await expect(restore(project, file)).rejects.toThrow('has data (nats, secrets.json)')
})

test('a damaged archive changes nothing', async () => {
  const { file, folder } = temporary()
  const project = stoppedShop(folder)
  await backup(project, file)
  rmSync(project.home, { recursive: true })
  truncateSync(file, statSync(file).size - 20)
  await expect(restore(project, file)).rejects.toThrow('damaged')
  writeFileSync(file, 'a letter')
  await expect(restore(project, file)).rejects.toThrow('not a backup')
  await expect(restore(project, join(folder, 'none'))).rejects.toThrow('there is no')
  expect(existsSync(project.home)).toBe(false)
})

test('a shop that never started has nothing to back up, and an archive lies outside the data', async () => {
  const { file, folder } = temporary()
  await expect(backup(projectAt(folder), file)).rejects.toThrow('the shop never started')
  const project = stoppedShop(folder)
  await expect(backup(project, join(project.home, 'x.tar.gz'))).rejects.toThrow('belongs outside')
})
