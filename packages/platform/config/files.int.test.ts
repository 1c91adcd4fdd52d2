import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../install/testing.ts'
import { closeToOthers } from './files.ts'

it('what lies open in the folder of the shop is closed, and the folder cannot be listed', async () => {
  const home = join(await temporaryFolder(), '.sidecart')
  mkdirSync(join(home, 'logs'), { recursive: true })
  writeFileSync(join(home, 'names.sqlite'), '')
  writeFileSync(join(home, 'tool'), '')
  chmodSync(home, 0o777)
  chmodSync(join(home, 'logs'), 0o755)
  chmodSync(join(home, 'names.sqlite'), 0o666)
  chmodSync(join(home, 'tool'), 0o755)
  closeToOthers(home)
  const mode = (name: string) => (statSync(join(home, name)).mode & 0o777).toString(8)
  expect([mode('logs'), mode('names.sqlite'), mode('tool')]).toEqual(['700', '600', '700'])
  expect(statSync(home).mode & 0o066).toBe(0)
})
