import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildGroups } from './build.ts'
import { partNames, pins } from './versions.ts'

test("Dapr's programs are built in one pass, the tools each in their own", () => {
  expect(buildGroups(partNames)).toEqual([
    ['daprd', 'sentry', 'scheduler'],
    ['dapr'],
    ['nats-server'],
  ])
})

test('only what is missing is built', () => {
  expect(buildGroups(['nats-server', 'sentry'])).toEqual([['sentry'], ['nats-server']])
  expect(buildGroups([])).toEqual([])
})

const file = (...path: string[]) => readFileSync(join(import.meta.dirname, ...path), 'utf8')

test.each([
  ['nats', 'github.com/nats-io/nats-server/v2', pins['nats-server'].version],
  ['dapr-cli', 'github.com/dapr/cli', pins.dapr.version],
])(
  'the source of %s is pinned with every module it needs, by checksum',
  (folder, path, version) => {
    expect(file(folder, 'go.sum')).toContain(`${path} v${version} h1:`)
    expect(unpinned(folder)).toEqual([])
  },
)

// its go.mod also names modules that no build reaches, which have no checksum
test("the source of Dapr's programs is pinned by checksum", () => {
  expect(file('build.ts')).toMatch(
    /path: dapr,\s+version: `v\$\{daprVersion\}`,\s+sum: 'h1:[\w+/]{43}='/,
  )
})

test('a build compiles no module whose checksum is not there', () => {
  expect(file('build.ts')).toContain("GOFLAGS: '-mod=readonly'")
})

/**
 * Modules that a go.mod requires, or puts in the place of others, without a checksum in its go.sum: of the module, or, where
 * no package of it is compiled, of its go.mod.
 */
function unpinned(folder: string): string[] {
  const sums = file(folder, 'go.sum')
  const mod = file(folder, 'go.mod')
  const replaced = [...mod.matchAll(/(\S+)(?: v\S+)? => (\S+) (v\S+)/g)]
  const required = [...mod.matchAll(/^\s*(?:require )?([\w./~-]+\.[\w./~-]+) (v\S+)/gm)]
    .filter(([line, path]) => !line.includes('=>') && !replaced.some(([, from]) => from === path))
    .map(([, path, version]) => `${path} ${version}`)
  const modules = [...required, ...replaced.map(([, , path, version]) => `${path} ${version}`)]
  expect(modules.length).toBeGreaterThan(5)
  return modules.filter(
    (module) => !sums.includes(`${module} h1:`) && !sums.includes(`${module}/go.mod h1:`),
  )
}
