import { execFile, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { closeToOthers } from '@sidecart/platform/config/files.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { openFolder } from '@sidecart/platform/process/unprivileged.ts'
import { testWithNamespaces } from '@sidecart/testing/needs.ts'
import { expect, onTestFinished } from 'vitest'
import { besideSandboxes, createSandbox } from './sandbox.ts'

const test = testWithNamespaces('only root makes a network of its own')
const run = promisify(execFile)

function sandbox() {
  const project = projectAt(mkdtempSync(join(tmpdir(), 'sidecart-sandboxed-')))
  onTestFinished(() => rmSync(project.root, { recursive: true }))
  mkdirSync(join(project.home, 'bin'), { recursive: true })
  writeFileSync(join(project.home, 'bin/program'), 'installed')
  writeFileSync(join(project.home, 'secrets.json'), 'of the first shop')
  const created = createSandbox(project)
  if (!created) throw new Error('there is no sandbox')
  const sh = async (script: string) => {
    const [program, args] = created.command(['sh', '-ec', script])
    return (
      await run(program, args, { cwd: project.root, env: { ...process.env, ...created.env } })
    ).stdout
  }
  return { ...created, project, sh }
}

test('a sandbox has the files of the checkout, and data of its own beside the installed programs', async () => {
  const { home, project, sh } = sandbox()
  writeFileSync(join(project.root, 'dapr.yaml'), 'apps')
  expect(await sh('cat dapr.yaml .sidecart/bin/program')).toBe('appsinstalled')
  expect(await sh('ls .sidecart')).toBe('bin\ncache\ndapr\n')
  await sh('echo another > .sidecart/secrets.json')
  expect(readFileSync(project.secretsFile, 'utf8')).toBe('of the first shop')
  expect(readFileSync(join(home, 'secrets.json'), 'utf8')).toBe('another\n')
})

test('a sandbox has ports and a temporary folder of its own', async () => {
  const { home, sh, env, remove } = sandbox()
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const listen = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => process.exit())`
  await sh(`"${process.execPath}" -e "${listen}"`)
  expect(await sh('echo "$TMPDIR"')).toBe(`${env.TMPDIR}\n`)
  expect(tmpdir()).not.toBe(env.TMPDIR)
  await sh(`echo another > ${openFolder}/sandboxed`)
  expect(existsSync(join(openFolder, 'sandboxed'))).toBe(false)
  remove()
  expect([env.TMPDIR ?? '', home].filter(existsSync)).toEqual([])
})

test('a start of a shop in the checkout closes nothing of a sandbox to the user of its database', () => {
  const { home, project } = sandbox()
  chmodSync(home, 0o711)
  closeToOthers(project.home)
  expect(statSync(home).mode & 0o777).toBe(0o711)
})

test('two sandboxes of a checkout have nothing to do with each other', () => {
  const { project, home } = sandbox()
  writeFileSync(join(home, 'secrets.json'), 'of the second shop')
  const third = createSandbox(project)
  expect(existsSync(join(third?.home ?? '', 'secrets.json'))).toBe(false)
  third?.remove()
  expect(readFileSync(join(home, 'secrets.json'), 'utf8')).toBe('of the second shop')
})

test('there is no sandbox, and nothing is left of one, where the kernel or a missing program refuses', () => {
  const { project, remove } = sandbox()
  remove()
  const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('sidecart-sandbox-'))
  const before = left()
  const { PATH } = process.env
  onTestFinished(() => void Object.assign(process.env, { PATH }))
  process.env.PATH = ''
  expect(createSandbox(project)).toBe(undefined)
  expect(left()).toEqual(before)
})

test('processes of a sandbox see neither those of another nor of the machine, which see them, and end with it', async () => {
  const { project, sh } = sandbox()
  const [program, args] = besideSandboxes(project).command(['sh', '-c', 'ps -e -o args'])
  const beside = run(program, args)
  expect(await sh('sleep 4321 & sleep 0.1; ps -e -o args')).toContain('sleep 4321')
  expect(await sh('ps -e -o args')).not.toContain('sleep 4321')
  const seen = [await sh('ps -e -o args'), (await beside).stdout]
  for (const processes of seen) expect(processes).not.toContain(process.title)
  const { stdout } = await run('ps', ['-e', '-o', 'args'])
  expect(stdout).toContain(process.title)
  expect(stdout).not.toContain('sleep 4321')
})

test('a command in a sandbox gets signals, and its exit code is the command’s', async () => {
  const { command } = sandbox()
  const [program, args] = command([
    'sh',
    '-c',
    'trap "exit 42" TERM; echo ready; while :; do sleep 0.05; done',
  ])
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGTERM')
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(42)
})
