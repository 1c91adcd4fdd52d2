import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { until } from '@sidecart/testing/until.ts'
import { expect, onTestFinished, test } from 'vitest'
import { type Project, projectAt } from '../config/project.ts'
import { ensureSecrets } from '../config/secrets.ts'
import { freePorts, temporaryFolder } from '../install/testing.ts'
import { alive, spawnDetached } from '../process/spawn.ts'
import { answers } from '../process/start-process.ts'
import { down, stopLeftovers } from './down.ts'
import { type ProcessSpec, type SupervisorEvent, stopGently } from './process-spec.ts'
import { assertNotRunning, openShop } from './shop.ts'
import { procOf, readState, writeState } from './state-file.ts'
import { statusOf } from './status.ts'
import { sendCommand } from './supervisor-client.ts'

/** A server that prints a last line and exits on a request to `/crash`. */
const program = `
const server = require('node:http').createServer((request, response) => {
  if (request.url === '/crash') { console.log('last words'); process.exit(3) }
  response.end('ok')
})
server.listen(process.env.PORT, '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))`

async function stubs(project: Project): Promise<ProcessSpec[]> {
  const [one = 0, two = 0] = await freePorts(2)
  return [stub(project, 'one', one, []), stub(project, 'two', two, ['one'])]
}

function stub(project: Project, name: string, port: number, after: string[]): ProcessSpec {
  const logFile = join(project.logs, `${name}.log`)
  return {
    name,
    role: 'app',
    ports: { app: port },
    logFile,
    after,
    start: async () =>
      spawnDetached({
        name,
        command: process.execPath,
        args: ['-e', program],
        env: { PORT: String(port) },
        logFile,
      }),
    ready: () => answers(`http://127.0.0.1:${port}/readyz`),
    stop: stopGently,
  }
}

async function opened() {
  const project = projectAt(await temporaryFolder())
  const units = await stubs(project)
  const events: SupervisorEvent[] = []
  const shop = await openShop(project, units, (event) => events.push(event))
  onTestFinished(shop.kill)
  await shop.ready
  const pids = () => (readState(project)?.processes ?? []).map(({ pid }) => pid)
  const get = (index: number, path: string) =>
    fetch(`http://127.0.0.1:${units[index]?.ports.app}${path}`).catch(() => undefined)
  return { project, units, events, shop, pids, get }
}

const phaseOf = (project: Project, name: string) =>
  readState(project)?.processes.find((one) => one.name === name)?.phase

test('what crashes is started again and shown with its last words', async () => {
  const { project, events, pids, get } = await opened()
  const [before] = pids()
  await get(0, '/crash')
  await until('a new process is ready', () => {
    const one = readState(project)?.processes[0]
    return one?.phase === 'ready' && one.pid !== before && one.restarts === 1
  })
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'crash',
      name: 'one',
      log: expect.arrayContaining(['last words']),
      inARow: 1,
    }),
  )
})

test('one process can be stopped and started while the other goes on', async () => {
  const { project, pids } = await opened()
  const [, two] = pids()
  await sendCommand(project, { do: 'stop', names: ['one'] })
  const stopped = await statusOf(project)
  expect(stopped.ready).toBe(false)
  expect(stopped.processes.map(({ phase }) => phase)).toEqual(['stopped', 'ready'])
  await sendCommand(project, { do: 'start', names: ['one'] })
  expect((await statusOf(project)).ready).toBe(true)
  expect(pids()[1]).toBe(two)
})

test('who starts what is just being stopped waits for that', async () => {
  const { project, pids } = await opened()
  const [, before] = pids()
  const stopped = sendCommand(project, { do: 'stop', names: ['two'] })
  await until('it is being stopped', () => phaseOf(project, 'two') !== 'ready')
  await sendCommand(project, { do: 'start', names: ['two'] })
  await stopped
  expect(phaseOf(project, 'two')).toBe('ready')
  expect(pids()[1]).not.toBe(before)
})

test('who starts something while all is being closed is refused', async () => {
  const { project, shop } = await opened()
  await sendCommand(project, { do: 'stop', names: ['two'] })
  const procs = (readState(project)?.processes ?? []).map(procOf)
  const closed = shop.stop()
  await expect(sendCommand(project, { do: 'start', names: ['two'] })).rejects.toThrow(
    'being closed',
  )
  await closed
  expect(procs.some((proc) => proc && alive(proc))).toBe(false)
})

test('those that cannot survive the absence of another are started again when it is back', async () => {
  const project = projectAt(await temporaryFolder())
  const [one, two] = await stubs(project)
  if (!one || !two) throw new Error('no stubs')
  const shop = await openShop(project, [{ ...one, dependentsSurviveMs: 0 }, two], () => {})
  onTestFinished(shop.kill)
  await shop.ready
  const before = readState(project)?.processes[1]?.pid
  await sendCommand(project, { do: 'restart', names: ['one'] })
  await until('two is another process', () => {
    const now = readState(project)?.processes[1]
    return now?.phase === 'ready' && now.pid !== before
  })
})

test('one that takes work for another lets go of it before that one is stopped', async () => {
  const project = projectAt(await temporaryFolder())
  const happened: string[] = []
  const noted = (unit: ProcessSpec): ProcessSpec => ({
    ...unit,
    stop(proc) {
      happened.push(`${unit.name} is stopped`)
      return unit.stop(proc)
    },
  })
  const [one, two] = (await stubs(project)).map(noted)
  if (!one || !two) throw new Error('no stubs')
  const drain = async () => void happened.push('two lets go')
  const shop = await openShop(project, [one, { ...two, role: 'sidecar', drain }], () => {})
  onTestFinished(shop.kill)
  await shop.ready
  const names = ['one', 'two']
  await sendCommand(project, { do: 'restart', names })
  await shop.stop()
  const once = ['two lets go', 'one is stopped', 'two is stopped']
  expect(happened).toEqual([...once, ...once])
})

test('an order that makes no sense is refused with the names there are', async () => {
  const { project } = await opened()
  await expect(sendCommand(project, { do: 'stop', names: ['three'] })).rejects.toThrow(
    'there is no three here: one, two',
  )
})

test('a signal through the supervisor counts as a crash', async () => {
  const { project, pids } = await opened()
  const [before] = pids()
  await sendCommand(project, { do: 'kill', name: 'one', signal: 'SIGKILL' })
  await until('it runs again', () => pids()[0] !== before && pids()[0] !== undefined)
})

test('a second start is refused while the first runs', async () => {
  const { project, units } = await opened()
  expect(() => assertNotRunning(project)).toThrow(`already running (pid ${process.pid})`)
  await expect(openShop(project, units.slice(0, 0), () => {})).rejects.toThrow('another command')
})

test('a shutdown leaves no process, no state and no socket', async () => {
  const { project, shop } = await opened()
  const procs = (readState(project)?.processes ?? []).map(procOf)
  await sendCommand(project, { do: 'shutdown' })
  await shop.ended
  expect(procs.map((proc) => proc && alive(proc))).toEqual([false, false])
  expect(readState(project)).toBeUndefined()
  await expect(sendCommand(project, { do: 'shutdown' })).rejects.toThrow('not running')
})

test('a unit that never gets ready ends the start, and nothing is left', async () => {
  const project = projectAt(await temporaryFolder())
  const [good] = await stubs(project)
  if (!good) throw new Error('no stub')
  const bad = { ...good, name: 'bad', ports: {}, start: () => Promise.reject(new Error('no way')) }
  const shop = await openShop(project, [good, bad], () => {})
  await expect(shop.ready).rejects.toThrow('bad does not start: it ended 5 times')
  expect(await good.ready()).toBe(false)
  expect(readState(project)).toBeUndefined()
})

test('a taken port is named with its holder before anything starts', async () => {
  const project = projectAt(await temporaryFolder())
  const units = await stubs(project)
  const port = units[1]?.ports.app
  const squatter = createServer().listen(port, '127.0.0.1')
  onTestFinished(() => void squatter.close())
  await expect(openShop(project, units, () => {})).rejects.toThrow(
    new RegExp(`two needs ${port}: held by pid ${process.pid}, .*node`),
  )
  expect(readState(project)).toBeUndefined()
})

test('what a supervisor that died has left is stopped, and a stranger with a reused pid is not', async () => {
  const project = projectAt(await temporaryFolder())
  const procs = await Promise.all((await stubs(project)).map((unit) => unit.start()))
  onTestFinished(() => Promise.all(procs.map((proc) => proc && stopGently(proc))).then(() => {}))
  const common = { role: 'app', phase: 'ready', ports: {}, restarts: 0, logFile: '' } as const
  const [left, stranger] = procs.map((proc) => ({ ...common, ...proc, name: proc?.name ?? '' }))
  if (!left || !stranger) throw new Error('no process')
  writeState(project, {
    supervisor: { name: 'supervisor', pid: process.pid, startMark: 'another time' },
    processes: [left, { ...stranger, startMark: 'another time' }],
  })
  expect(await stopLeftovers(project)).toEqual(['one'])
  expect(procs.map((proc) => proc && alive(proc))).toEqual([false, true])
  expect(await down(project)).toBe(0)
})

test('secrets are for their owner only, and stay the same', async () => {
  const project = projectAt(await temporaryFolder())
  const first = await ensureSecrets(project)
  expect(statSync(project.secretsFile).mode & 0o777).toBe(0o600)
  const written = readFileSync(project.secretsFile, 'utf8')
  expect(await ensureSecrets(project)).toEqual(first)
  expect(readFileSync(project.secretsFile, 'utf8')).toBe(written)
})

test('a state file that cannot be written does not end the shop, is reported once, and follows when it can be', async () => {
  const { project, events, shop, get, pids } = await opened()
  const folder = dirname(project.stateFile)
  const before = pids()
  renameSync(folder, `${folder}.away`)
  writeFileSync(folder, 'a file where a folder must be')
  await get(0, '/crash')
  await until('the supervisor warns', () => events.some(({ type }) => type === 'warning'))
  await until('the process is back', async () => (await get(0, '/'))?.ok === true)
  await get(1, '/crash')
  await until('the other is back', async () => (await get(1, '/'))?.ok === true)
  expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1)
  rmSync(folder)
  renameSync(`${folder}.away`, folder)
  await until(
    'the state is on disk',
    () => pids().every((pid, index) => pid && pid !== before[index]),
    10_000,
  )
  await until(
    'that is reported',
    () => events.filter(({ type }) => type === 'warning').length === 2,
    10_000,
  )
  await shop.stop()
})

test('what says of itself that only a restart helps is restarted', async () => {
  const project = projectAt(await temporaryFolder())
  const [one, two] = await stubs(project)
  if (!one || !two) throw new Error('no stubs')
  let reason: string | undefined
  const failing = async () => {
    const now = reason
    reason = undefined
    return now
  }
  const events: SupervisorEvent[] = []
  const shop = await openShop(project, [{ ...one, failing }, two], (event) => events.push(event))
  onTestFinished(shop.kill)
  await shop.ready
  const pidsOf = () => readState(project)?.processes.map(({ pid }) => pid) ?? []
  const before = pidsOf()
  reason = 'a file could not be written'
  await until(
    'one is another process',
    () => phaseOf(project, 'one') === 'ready' && pidsOf()[0] !== before[0],
    20_000,
  )
  expect(pidsOf()[1]).toBe(before[1])
  expect(events).toContainEqual({
    type: 'warning',
    text: 'one is restarted: a file could not be written',
  })
})
