import { expect, test } from 'vitest'
import { downloadBase, platformOf, publishedSum, releaseOf } from './releases.ts'
import { pinnedSums } from './sums.ts'
import { partNames } from './versions.ts'

const linux = { os: 'linux', arch: 'amd64' } as const
const mac = { os: 'darwin', arch: 'arm64' } as const
const sum = 'a'.repeat(64)
const other = 'b'.repeat(64)

test('the runtime comes from the Dapr release, with its sum beside it', () => {
  expect(releaseOf('daprd', linux, 'https://github.com')).toEqual({
    archive: 'daprd_linux_amd64.tar.gz',
    archiveUrl: 'https://github.com/dapr/dapr/releases/download/v1.18.3/daprd_linux_amd64.tar.gz',
    sumsUrl:
      'https://github.com/dapr/dapr/releases/download/v1.18.3/daprd_linux_amd64.tar.gz.sha256',
    member: 'daprd',
  })
})

test('the command line tool has a repository and a version of its own', () => {
  expect(releaseOf('dapr', mac, 'https://mirror').archiveUrl).toBe(
    'https://mirror/dapr/cli/releases/download/v1.16.5/dapr_darwin_arm64.tar.gz',
  )
})

test('NATS publishes one list of sums for all archives', () => {
  expect(releaseOf('nats-server', mac, 'https://mirror')).toMatchObject({
    archiveUrl:
      'https://mirror/nats-io/nats-server/releases/download/v2.15.2/nats-server-v2.15.2-darwin-arm64.tar.gz',
    sumsUrl: 'https://mirror/nats-io/nats-server/releases/download/v2.15.2/SHA256SUMS',
  })
})

test('a mirror stands in for the usual server', () => {
  expect(downloadBase({})).toBe('https://github.com')
  expect(downloadBase({ SIDECART_DOWNLOAD_MIRROR: 'https://files.example/github/' })).toBe(
    'https://files.example/github',
  )
})

test.each([
  ['linux', 'x64', linux],
  ['darwin', 'arm64', mac],
  ['win32', 'x64', undefined],
  ['linux', 's390x', undefined],
])('%s on %s is %o', (platform, arch, expected) => {
  expect(platformOf(platform, arch)).toEqual(expected)
})

test('the sum of the archive is picked from a list, never that of another archive', () => {
  const list = `${other}  b.tar.gz\n${sum.toUpperCase()} *./a.tar.gz\n`
  expect(publishedSum(list, 'a.tar.gz')).toBe(sum)
  expect(publishedSum(list, 'c.tar.gz')).toBeUndefined()
})

test('a file with one bare sum is understood, and a page that is no sum is not', () => {
  expect(publishedSum(`${sum}\n`, 'a.tar.gz')).toBe(sum)
  expect(publishedSum('<html>Sign in</html>', 'a.tar.gz')).toBeUndefined()
})

test('it is known which archives have a pinned sum, and every pinned sum is of an archive that is used', () => {
  const platforms = (['linux', 'darwin'] as const).flatMap((os) =>
    (['amd64', 'arm64'] as const).map((arch) => ({ os, arch })),
  )
  const releases = partNames.flatMap((name) =>
    platforms.map((platform) => releaseOf(name, platform, 'https://github.com')),
  )
  const pinned = releases.filter(({ pinnedSum }) => pinnedSum)
  expect(pinned.map(({ archive }) => archive)).toEqual([
    'dapr_linux_amd64.tar.gz',
    'dapr_darwin_amd64.tar.gz',
    'dapr_darwin_arm64.tar.gz',
  ])
  for (const { pinnedSum } of pinned) expect(pinnedSum).toMatch(/^[0-9a-f]{64}$/)
  expect(Object.keys(pinnedSums)).toHaveLength(pinned.length)
})
