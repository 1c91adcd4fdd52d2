import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { testWith } from '@sidecart/testing/needs.ts'
import { expect, onTestFinished } from 'vitest'
import { freePorts, temporaryFolder } from '../install/testing.ts'
import { output } from '../process/spawn.ts'
import { type RedisOptions, redisAnswers, redisProgram, startRedis } from './redis.ts'

const test = await testWith(redisProgram)

const login = { user: 'shop', password: 'p"\\{$x}' }

async function started(): Promise<{ given: RedisOptions; pid: number; stop(): Promise<unknown> }> {
  const folder = await temporaryFolder()
  const [port = 0] = await freePorts(1)
  const given = { ...login, dir: join(folder, 'redis'), logFile: join(folder, 'log'), port }
  return { given, ...(await start(given)) }
}

async function start(given: RedisOptions) {
  const server = await startRedis(given)
  onTestFinished(async () => void (await server.stop()))
  return server
}

function ask({ port }: RedisOptions, ...words: string[]): Promise<string> {
  const { user, password } = login
  const connection = ['-p', String(port), '--user', user, '--pass', password, '--no-auth-warning']
  return output('redis-cli', [...connection, ...words], 10_000)
}

test('a write that was acknowledged is there after the server was killed', async () => {
  const first = await started()
  expect(await ask(first.given, 'XADD', 'events', '*', 'data', 'placed')).toMatch(/^\d+-\d+$/)
  const twoWrites = `redis.call('SET', 'a', '1') redis.call('SET', 'b', '2')`
  await ask(first.given, 'EVAL', twoWrites, '0')
  process.kill(first.pid, 'SIGKILL')
  await first.stop()
  await start(first.given)
  expect(await ask(first.given, 'XLEN', 'events')).toBe('1')
  expect(await ask(first.given, 'MGET', 'a', 'b')).toBe('1\n2')
})

test('nobody comes in without the password, and who comes in may not administer', async () => {
  const { given } = await started()
  expect(await redisAnswers(given)).toBe(true)
  expect(await redisAnswers({ ...given, password: 'wrong' })).toBe(false)
  expect(await redisAnswers({ ...given, user: 'default' })).toBe(false)
  expect(await ask(given, 'FLUSHALL')).toMatch(/NOPERM/)
  expect(((await stat(join(given.dir, 'redis.conf'))).mode & 0o777).toString(8)).toBe('600')
})
