import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pins } from '@sidecart/platform/install/versions.ts'
import { expect, onTestFinished, test } from 'vitest'
import { imageUpgrade, outdatedPackages, releaseUpgrade } from './upgrades.ts'

test('packages with a newer version are listed once, and no older one is proposed', () => {
  const output = JSON.stringify({
    hono: [
      { current: '4.1.0', wanted: '4.1.0', latest: '4.10.0' },
      { current: '4.1.0', wanted: '4.1.0', latest: '4.10.0' },
    ],
    zod: { current: '4.6.7', latest: '4.6.6' },
    'not-installed': { latest: '1.0.0' },
  })
  const hono = { name: 'hono', pinned: '4.1.0', latest: '4.10.0', pinnedIn: 'package.json' }
  expect(outdatedPackages(output, '')).toEqual({ newer: [hono], unreachable: [] })
  expect(outdatedPackages('', '')).toEqual({ newer: [], unreachable: [] })
})

test('a registry that does not answer is told with the reason', () => {
  const output = JSON.stringify({ error: { code: 'ENOTFOUND', summary: 'no such host' } })
  const unreachable = ['the package registry did not answer: no such host']
  expect(outdatedPackages(output, 'no such host')).toEqual({ newer: [], unreachable })
})

async function releases(latest: string | undefined): Promise<string> {
  const server = createServer((request, response) => {
    if (latest === undefined) response.writeHead(404)
    else response.writeHead(302, { location: `${request.url?.replace('latest', `tag/${latest}`)}` })
    response.end()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a newer release of a part is listed, with the file that pins the part', async () => {
  const { version } = pins.daprd
  expect(await releaseUpgrade('daprd', 'dapr/dapr', await releases('v99.0.0'))).toEqual({
    newer: [
      {
        name: 'daprd',
        pinned: version,
        latest: '99.0.0',
        pinnedIn: 'packages/platform/install/versions.ts',
      },
    ],
    unreachable: [],
  })
  for (const latest of [`v${version}`, 'v0.1.0', 'v99.0.0-rc.1'])
    expect(await releaseUpgrade('daprd', 'dapr/dapr', await releases(latest))).toEqual({
      newer: [],
      unreachable: [],
    })
})

test('a page of releases that is not there, or not reached, is told with its address', async () => {
  const none = await releases(undefined)
  expect((await releaseUpgrade('dapr', 'dapr/cli', none)).unreachable).toEqual([
    `dapr: ${none}/dapr/cli/releases/latest answered 404`,
  ])
  const closed = 'http://127.0.0.1:1'
  expect((await releaseUpgrade('dapr', 'dapr/cli', closed)).unreachable[0]).toContain(
    `${closed}/dapr/cli/releases/latest cannot be reached`,
  )
})

async function hub(...tags: string[]): Promise<string> {
  const server = createServer((request, response) => {
    const found = request.url?.startsWith('/v2/repositories/library/') ? tags : []
    response.end(JSON.stringify({ results: found.map((name) => ({ name })) }))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a newer tag of the same kind is listed for an image, and no other', async () => {
  const others = [
    '18.4-bookworm',
    '18.3-bookworm',
    '19-bookworm',
    '19.1-alpine',
    '19beta1-bookworm',
  ]
  const newer = await hub(...others, '18.10-bookworm', '18.9-bookworm')
  const pinnedIn = 'packages/platform/install/versions.ts'
  expect((await imageUpgrade('postgres:18.4-bookworm', newer)).newer).toEqual([
    { name: 'postgres', pinned: '18.4-bookworm', latest: '18.10-bookworm', pinnedIn },
  ])
  const nothing = { newer: [], unreachable: [] }
  expect(await imageUpgrade('postgres:18.4-bookworm', await hub(...others))).toEqual(nothing)
  expect(await imageUpgrade('node:24-slim', await hub('24-slim', '25-slim'))).toEqual(nothing)
  expect((await imageUpgrade('node:24-slim', await hub('25-slim', '26-slim'))).newer).toHaveLength(
    1,
  )
})

test('a registry of images that does not answer is told with its address', async () => {
  const { newer, unreachable } = await imageUpgrade('nats:2.15.2-alpine', 'http://127.0.0.1:1')
  expect(newer).toEqual([])
  expect(unreachable[0]).toMatch(/^nats:2.15.2-alpine: http:.*library\/nats.* cannot be reached/)
})
