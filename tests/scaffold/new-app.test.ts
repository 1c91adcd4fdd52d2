import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from '../architecture/tree.ts'

/* `sidecart new --app DIR`: another project, outside of this checkout. */

const folder = mkdtempSync(join(tmpdir(), 'sidecart-app-'))
const app = join(folder, 'workshop')
const run = promisify(execFile)
const options = { cwd: app, maxBuffer: 64 * 1024 * 1024 }
const npm = (...args: string[]) => run('npm', args, options)
const sidecart = (at: string, ...args: string[]) => run(join(at, 'sidecart'), args, { cwd: at })
const output = async (what: Promise<{ stdout: string; stderr: string }>): Promise<string> => {
  const { stdout, stderr } = await what.catch((error) => error)
  return stdout + stderr
}

/** The services of the shop, without the words that other projects need as well. */
const ofTheShop = manifests
  .map(({ name }) => name)
  .filter((name) => !['gateway', 'payments'].includes(name))
  .join('|')
/** A service in code is a text or a part of a path; elsewhere, a word. */
const inCode = new RegExp(`['/](${ofTheShop})['/]`)
const elsewhere = new RegExp(`\\b(${ofTheShop})\\b`)
const comment = /^\s*(\/\/|\*|\/\*|#).*|\s(#|\/\/)\s.*/

function namesTheShop(path: string): boolean {
  const pattern = path.endsWith('.ts') ? inCode : elsewhere
  const lines = readFileSync(join(app, path), 'utf8').split('\n')
  return lines.some((line) => pattern.test(line.replace(comment, '')))
}

afterAll(async () => {
  await sidecart(app, 'down').catch(() => {})
  rmSync(folder, { recursive: true, force: true })
})

describe('another project', () => {
  it('is written with one example service, and none of the shop', async () => {
    await sidecart(root, 'new', '--app', app)
    const { stdout } = await run('git', ['ls-files', '--others', '--exclude-standard'], options)
    const files = stdout.split('\n').filter(Boolean)
    const services = files.map((path) => /^services\/([^/]+)\//.exec(path)?.[1]).filter(Boolean)
    expect([...new Set(services)].sort()).toEqual(['bookings', 'gateway'])
    expect(files).toContain('tests/system.test.ts')
    const shown = /^(services|tests|components)\/|^dapr\.yaml$|^docs\//
    expect(files.filter((path) => shown.test(path)).filter(namesTheShop)).toEqual([])
  })

  it('starts and passes its tests', async () => {
    expect(await output(npm('start', '--', '--detach'))).toContain('Everything runs.')
    const courses = await fetch('http://127.0.0.1:8080/courses')
    expect(await courses.json()).toMatchObject({ courses: [{ course: 'pottery' }, {}] })
    await sidecart(app, 'down')
    await npm('test')
  })

  it('passes its checks', async () => {
    expect(await output(npm('run', 'check'))).not.toContain('✖')
  })

  it('gets a service of its own, and then does without the example', async () => {
    await sidecart(app, 'new', 'tools', '--database', '--subscribes', 'bookings-confirmed-v1')
    expect(await output(npm('run', 'check'))).not.toContain('✖')
    await npm('test', '--', '--project', 'unit')
    expect(await output(sidecart(app, 'remove', 'bookings'))).toContain(
      'tools subscribes to bookings-confirmed-v1',
    )
    await sidecart(app, 'remove', 'tools')
    await sidecart(app, 'new', 'tools', '--database')
    await sidecart(app, 'remove', 'bookings')
    rmSync(join(app, 'tests/system.test.ts'))
    expect(await output(npm('run', 'check'))).not.toContain('✖')
  })
})

describe('sidecart new --app refuses', () => {
  it('a folder with files', async () => {
    const taken = join(folder, 'taken')
    mkdirSync(taken)
    writeFileSync(join(taken, 'file'), '')
    expect(await output(sidecart(root, 'new', '--app', taken))).toContain('is not empty')
  })

  it('a name that is none, and other options', async () => {
    expect(await output(sidecart(root, 'new', '--app', join(folder, 'My App')))).toContain(
      'lower-case letters, digits and hyphens',
    )
    expect(await output(sidecart(root, 'new', 'x', '--app', app))).toContain('goes alone')
    expect(await output(sidecart(root, 'new'))).toContain('name a service')
  })
})
