import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePorts, temporaryFolder } from '../install/testing.ts'
import { assertFree } from './ports.ts'
import { alive, type Proc, portHolder, procOf, spawnDetached, stopProcess, until } from './spawn.ts'

async function running(script: string): Promise<{ proc: Proc; output: () => string }> {
  const logFile = join(await temporaryFolder(), 'logs', 'program.log')
  const proc = spawnDetached({ name: 'program', command: '/bin/sh', args: ['-c', script], logFile })
  onTestFinished(async () => void (await stopProcess(proc, { signal: 'SIGKILL' })))
  return { proc, output: () => readFileSync(logFile, 'utf8') }
}

test('a program outlives the process that started it and is stopped by another', async () => {
  const logFile = join(await temporaryFolder(), 'program.log')
  const library = JSON.stringify(join(import.meta.dirname, 'spawn.ts'))
  const spawn = { name: 'program', command: 'sleep', args: ['600'], logFile }
  const script = `import { spawnDetached } from ${library}
    console.log(JSON.stringify(spawnDetached(${JSON.stringify(spawn)})))`
  const args = ['--import', 'tsx', '--input-type=module', '-e', script]
  const proc = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Proc
  expect(alive(proc)).toBe(true)
  expect(await stopProcess(proc)).toBe('stopped')
  expect(alive(proc)).toBe(false)
  expect(await stopProcess(proc)).toBe('gone')
})

test('output and added environment end up where they belong', async () => {
  const logFile = join(await temporaryFolder(), 'logs', 'program.log')
  const args = ['-c', 'echo "$GREETING from $PWD"; echo fault >&2']
  spawnDetached({
    name: 'program',
    command: '/bin/sh',
    args,
    env: { GREETING: 'hello' },
    cwd: '/',
    logFile,
  })
  await until(() => readFileSync(logFile, 'utf8').includes('fault'), { timeoutMs: 5000 })
  expect(readFileSync(logFile, 'utf8')).toBe('hello from /\nfault\n')
})

test.skipIf(process.platform !== 'linux')(
  'a program has coarse timers, but not the program that started it',
  async () => {
    const logFile = join(await temporaryFolder(), 'program.log')
    const library = JSON.stringify(join(import.meta.dirname, 'spawn.ts'))
    const slack = '/proc/self/timerslack_ns'
    const spawn = { name: 'program', command: 'cat', args: [slack], logFile }
    // the setting belongs to a thread, and this test may run in a thread of a worker
    const script = `import { readFileSync } from 'node:fs'
    import { spawnDetached } from ${library}
    const before = readFileSync('${slack}', 'utf8')
    spawnDetached(${JSON.stringify(spawn)})
    console.log(readFileSync('${slack}', 'utf8') === before)`
    const args = ['--import', 'tsx', '--input-type=module', '-e', script]
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('true\n')
    await until(() => readFileSync(logFile, 'utf8') !== '', { timeoutMs: 5000 })
    expect(readFileSync(logFile, 'utf8')).toBe('1000000\n')
  },
)

test('a program that is not there is reported at once', async () => {
  const logFile = join(await temporaryFolder(), 'program.log')
  const start = () => spawnDetached({ name: 'program', command: '/no/such/program', logFile })
  expect(start).toThrow('program cannot be started: /no/such/program is missing')
})

test('another program that got the same pid is neither alive nor stopped', async () => {
  const { proc } = await running('sleep 600')
  const former = { ...proc, startMark: 'earlier' }
  expect(alive(former)).toBe(false)
  expect(await stopProcess(former)).toBe('gone')
  expect(alive(proc)).toBe(true)
})

test('a zombie is not alive', async () => {
  const { output } = await running('sleep 0 & echo $!; exec sleep 600')
  const pid = await until(() => Number(output()), { timeoutMs: 5000 })
  await until(() => procOf('zombie', pid) === undefined, { timeoutMs: 5000 })
  expect(execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })).toMatch(/^Z/)
})

test('a program that will not end is killed after its grace, with its children', async () => {
  const { proc, output } = await running(
    'trap "" TERM; (trap "" TERM; sleep 600) & echo $!; while :; do sleep 600; done',
  )
  const child = await until(() => procOf('child', Number(output())), { timeoutMs: 5000 })
  expect(await stopProcess(proc, { graceMs: 100 })).toBe('killed')
  expect(alive(proc)).toBe(false)
  await until(() => !alive(child), { timeoutMs: 5000 })
})

test('who listens on a port is named, and nobody once it is closed', async () => {
  const [port = 0] = await freePorts(1)
  expect(await portHolder(port)).toBeUndefined()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  expect(await portHolder(port)).toMatchObject({
    pid: process.pid,
    command: expect.stringContaining('node'),
  })
  await expect(assertFree('nats', [port])).rejects.toThrow(
    new RegExp(`nats cannot start: port ${port} is held by pid ${process.pid} \\(.*node`),
  )
  await new Promise((resolve) => server.close(resolve))
  expect(await portHolder(port)).toBeUndefined()
})

test('a program that was killed has given its port back when it counts as gone', async () => {
  const [port = 0] = await freePorts(1)
  // Much memory makes the end slow: the first thread ends long before another that still holds the port.
  const script = `globalThis.memory = Buffer.alloc(500_000_000, 1); require('net').createServer().listen(${port})`
  const { proc } = await running(`exec '${process.execPath}' -e "${script}"`)
  await until(() => portHolder(port), { timeoutMs: 10_000 })
  expect(await stopProcess(proc, { signal: 'SIGKILL' })).toBe('stopped')
  expect(await portHolder(port)).toBeUndefined()
})

test('the near end of a connection does not hold its port', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const client = connect((server.address() as { port: number }).port, '127.0.0.1')
  onTestFinished(() => void client.destroy())
  await new Promise((resolve) => client.once('connect', resolve))
  expect(await portHolder(client.localPort ?? 0)).toBeUndefined()
})

test('a port of IPv6 is seen too', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '::', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  expect(await portHolder(port)).toMatchObject({ pid: process.pid })
})

test('waiting answers the first truthy value, passes errors on and ends in time', async () => {
  const answers = [undefined, 0, 'ready']
  expect(await until(() => answers.shift(), { timeoutMs: 5000, everyMs: 1 })).toBe('ready')
  const failing = until(() => Promise.reject(new Error('broken')), { timeoutMs: 5000 })
  await expect(failing).rejects.toThrow('broken')
  const never = until(() => false, { timeoutMs: 20, everyMs: 1, what: 'the end of days' })
  await expect(never).rejects.toThrow('timed out after 20 ms waiting for the end of days')
})
