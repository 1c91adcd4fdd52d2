import { execFile } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { ensureAppTokens } from '../config/environment.ts'
import { projectAt } from '../config/project.ts'
import { temporaryFolder } from '../install/testing.ts'
import { daprRunPath, writeDaprdForRun } from './dapr-run.ts'

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
  writeDaprdForRun(project, daprd)
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
    }
  }
})

it('starts no sidecar for an app that has no tokens', async () => {
  const { start } = await place()
  await expect(start('--app-id', 'stranger')).rejects.toThrow(/no tokens for the app stranger/)
  await expect(start('--app-id', '../..')).rejects.toThrow(/no tokens/)
})

it('leaves everything else to daprd', async () => {
  const { start } = await place()
  expect(await start('--version')).toEqual({
    words: ['--version'],
    secrets: [undefined, undefined, undefined],
  })
})
