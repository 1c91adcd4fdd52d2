import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { testWithNamespaces } from '@sidecart/testing/needs.ts'
import { expect, onTestFinished } from 'vitest'
import { ensurePart } from '../../install/binaries.ts'
import { freePorts, temporaryFolder } from '../../install/testing.ts'
import { startNats } from '../nats.ts'
import { failingStorage } from './failing-storage.ts'
import { ensureStream } from './streams.ts'

const test = testWithNamespaces('a disk of its own is filled')

test('a stream stays closed after a full disk until the server is restarted, which is reported once there is room again', async () => {
  const disk = join(await temporaryFolder(), 'disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=80m', 'tmpfs', disk])
  onTestFinished(() => void execFileSync('umount', ['--lazy', disk]))
  const [port = 0, monitorPort = 0] = await freePorts(2)
  const login = { user: 'shop', password: 'secret' }
  const logFile = join(await temporaryFolder(), 'nats.log')
  const given = {
    path: (await ensurePart('nats-server')).path,
    dir: join(disk, 'nats'),
    port,
    monitorPort,
    logFile,
    ...login,
  }
  const server = await startNats(given)
  onTestFinished(() => void server.stop())
  await ensureStream({ url: server.url, ...login, name: 'events', subjects: ['a'] })
  const failing = failingStorage(given.dir, logFile)

  const publish = async (url: string, size: number) => {
    const connection = await connect({ servers: url, user: login.user, pass: login.password })
    return jetstream(connection)
      .publish('a', new Uint8Array(size))
      .then(
        () => true,
        () => false,
      )
      .finally(() => connection.close())
  }
  expect(await publish(server.url, 100)).toBe(true)
  expect(await failing()).toBeUndefined()

  const filler = join(disk, 'filler')
  try {
    writeFileSync(filler, Buffer.alloc(80 * 1024 * 1024))
  } catch {
    // the disk is full now
  }
  const whileFull = await publish(server.url, 500_000)
  expect([whileFull, await failing()]).toEqual([false, undefined])

  rmSync(filler)
  expect(await publish(server.url, 100)).toBe(false)
  expect(await failing()).toContain('room on the disk again')
  await server.stop()
  const again = await startNats(given)
  onTestFinished(() => void again.stop())
  expect(await publish(again.url, 100)).toBe(true)
  expect(await failing()).toBeUndefined()
})
