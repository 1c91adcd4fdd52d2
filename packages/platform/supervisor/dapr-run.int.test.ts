import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { until } from '@sidecart/testing/until.ts'
import { expect, it, onTestFinished } from 'vitest'
import { resourcesIn } from '../config/components/components.ts'
import { ensureAppTokens } from '../config/environment.ts'
import { projectAt } from '../config/project.ts'
import { freePorts, temporaryFolder } from '../install/testing.ts'
import { procOf } from '../process/spawn.ts'
import { daprRunPath, watchedBrokers, writeDaprdForRun } from './dapr-run.ts'

const run = promisify(execFile)
const shown = ['DAPR_API_TOKEN', 'APP_API_TOKEN', 'DAPR_SENTRY_TOKEN_FILE']

/**
 * Creates a project in a folder with a name that a shell could misread. `start` returns the arguments and variables
 * passed to the real daprd.
 */
async function place() {
  const folder = join(await temporaryFolder(), `it's a "$HOME" #1`)
  const project = projectAt(undefined, { home: join(folder, '.sidecart') })
  const daprd = join(folder, 'daprd')
  await mkdir(folder, { recursive: true })
  const print = `${process.execPath} -p 'JSON.stringify([process.env, process.argv.slice(1)])' -- "$@"`
  await writeFile(daprd, `#!/bin/sh\n${print}\n`)
  await chmod(daprd, 0o700)
  writeDaprdForRun(project, daprd, [])
  const start = async (...args: string[]) => {
    const { stdout } = await run(join(daprRunPath(project), '.dapr/bin/daprd'), args, {
      env: { PATH: process.env.PATH },
    })
    const [env, words] = JSON.parse(stdout) as [Record<string, string>, string[]]
    return { words, secrets: shown.map((name) => env[name]) }
  }
  return { project, start }
}

it('gives each sidecar the tokens and the identity of its app alone', async () => {
  const { project, start } = await place()
  for (const app of ['orders', 'carts']) {
    const { DAPR_API_TOKEN, APP_API_TOKEN } = ensureAppTokens(project, app)
    const wanted = [DAPR_API_TOKEN, APP_API_TOKEN, join(project.apps, app, 'identity.jwt')]
    for (const args of [
      ['--app-id', app, '--app-port', '8084'],
      ['--app-port', '8084', `--app-id=${app}`],
    ]) {
      const { secrets, words } = await start(...args)
      expect(secrets).toEqual(wanted)
      expect(words.join(' ')).toContain('--dapr-internal-grpc-listen-address 127.0.0.1')
      expect(words.join(' ')).toContain('--metrics-listen-address 127.0.0.1')
      expect(words.join(' ')).toContain('--sentry-address localhost:3900')
      expect(words.join(' ')).toContain('--scheduler-host-address 127.0.0.1:3910')
    }
  }
})

it('starts no sidecar for an app that has no tokens', async () => {
  const { start } = await place()
  await expect(start('--app-id', 'stranger')).rejects.toThrow(/no tokens for the app stranger/)
  await expect(start('--app-id', '../..')).rejects.toThrow(/no tokens/)
})

/** A sidecar of orders whose broker is watched; `printed` is what the daprd printed that notes its starts and signals. */
async function watchedSidecar() {
  const { project } = await place()
  const folder = await temporaryFolder()
  const daprd = join(folder, 'daprd')
  const lines = [
    'echo up $$',
    "trap 'echo ended; exit 3' TERM",
    `while [ ! -e "${folder}/end" ]; do sleep 0.05; done`,
    'exit 7',
  ]
  await writeFile(daprd, ['#!/bin/sh', ...lines].join('\n'))
  await chmod(daprd, 0o700)
  const [port = 0] = await freePorts(1)
  const watched = { app: 'orders', host: '127.0.0.1', port, survivesSeconds: 2 }
  writeDaprdForRun(project, daprd, [watched], 0.1)
  ensureAppTokens(project, 'orders')
  const keeper = spawn(join(daprRunPath(project), '.dapr/bin/daprd'), ['--app-id', 'orders'])
  onTestFinished(() => void keeper.kill('SIGKILL'))
  let text = ''
  keeper.stdout.on('data', (more) => (text += more))
  const printed = () => text.replace(/\d+/g, 'PID')
  const pid = () => Number(/\d+/.exec(text)?.[0])
  await until('it is up', () => printed() === 'up PID\n')
  return { keeper, printed, pid, port, end: () => writeFile(join(folder, 'end'), '') }
}

it('starts daprd again after a long outage of the broker, and only then', async () => {
  const { printed, port } = await watchedSidecar()
  let broker = createServer().listen(port, '127.0.0.1')
  const outage = async (ms: number) => {
    await pause(500)
    broker.close()
    await pause(ms)
    broker = createServer().listen(port, '127.0.0.1')
    await once(broker, 'listening')
  }
  await outage(500)
  await pause(1_000)
  expect(printed()).toBe('up PID\n')
  await outage(4_000)
  await until('daprd is another', () => printed() === 'up PID\nended\nup PID\n', 5_000)
  await pause(1_000)
  expect(printed()).toBe('up PID\nended\nup PID\n')
  broker.close()
})

it('ends with daprd, and as daprd ends', async () => {
  const { keeper, end } = await watchedSidecar()
  await end()
  expect(await once(keeper, 'exit')).toEqual([7, null])
})

it('passes SIGTERM on, and waits', async () => {
  const { keeper, printed } = await watchedSidecar()
  keeper.kill('SIGTERM')
  expect(await once(keeper, 'close')).toEqual([3, null])
  expect(printed()).toBe('up PID\nended\n')
})

it('leaves no daprd behind when `dapr run` kills it', async () => {
  const { keeper, pid } = await watchedSidecar()
  keeper.kill('SIGKILL')
  await until('daprd is gone', () => procOf('daprd', pid()) === undefined)
})

it('watches the broker of each app whose JetStream component it may load', () => {
  const component = (name: string, type: string, scopes: string) =>
    `{ kind: Component, metadata: { name: ${name} }, scopes: [${scopes}], spec: { type: ${type}, metadata: [{ name: natsURL, secretKeyRef: { name: broker-url } }] } }`
  const resources = resourcesIn(
    [
      component('pubsub', 'pubsub.jetstream', 'carts, orders'),
      component('other', 'pubsub.redis', 'users'),
    ].join('\n---\n'),
    'pubsub.yaml',
  )
  const secrets = { 'broker-url': 'nats://me:secret@broker.example:4222' }
  const broker = { host: 'broker.example', port: 4222, survivesSeconds: 100 }
  expect(watchedBrokers(['carts', 'gateway', 'orders', 'users'], resources, secrets)).toEqual([
    { app: 'carts', ...broker },
    { app: 'orders', ...broker },
  ])
})

it('leaves everything else to daprd', async () => {
  const { start } = await place()
  expect(await start('--version')).toEqual({
    words: ['--version'],
    secrets: [undefined, undefined, undefined],
  })
})
