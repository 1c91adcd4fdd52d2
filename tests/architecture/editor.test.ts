import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { expect, it } from 'vitest'
import { read, root } from './tree.ts'

type Launch = { name: string; cwd?: string; env?: Record<string, string> }

it('the debugger starts each service with the ports of dapr.yaml', () => {
  const { configurations } = JSON.parse(read('.vscode/launch.json')) as {
    configurations: Launch[]
  }
  const launched = configurations
    .filter(({ cwd }) => cwd?.includes('/services/'))
    .map(({ cwd, env }) => [cwd?.split('/').at(-1), env])
  const wanted = readRunFile(`${root}/dapr.yaml`).map(({ appId, ports }) => [
    appId,
    {
      HOST: '127.0.0.1',
      APP_PORT: String(ports.app),
      DAPR_HTTP_PORT: String(ports.http),
      DAPR_GRPC_PORT: String(ports.grpc),
    },
  ])
  expect(launched).toEqual(wanted)
})

it('the workflow on GitHub calls the script that runs everything', () => {
  expect(read('.github/workflows/ci.yml')).toContain('.ci/run')
})

it('the editor, the workflow and the containers use the same Node', () => {
  const version = read('.nvmrc').trim()
  expect(read('deploy/Dockerfile')).toContain(`NODE_IMAGE=node:${version}-`)
  expect(read('.devcontainer/devcontainer.json')).toContain(`typescript-node:${version}-`)
})
