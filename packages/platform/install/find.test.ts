import { expect, test } from 'vitest'
import { statedVersion, versionInside } from './find.ts'

test.each([
  ['daprd', '1.18.3\n', '1.18.3'],
  ['dapr', 'CLI version: 1.16.5 \nRuntime version: n/a', '1.16.5'],
  ['nats-server', 'nats-server: v2.15.2', '2.15.2'],
  ['nats-server', 'command not found', ''],
] as const)('the version of %s is read from %j', (name, text, version) => {
  expect(statedVersion(name, text)).toBe(version)
})

test('a released program names its version in the linker flags, one built here in its module', () => {
  const released = Buffer.from(
    '\0\0build\t-ldflags="-X github.com/dapr/dapr/pkg/buildinfo.version=1.18.3 -s -w"\n',
  )
  const built = Buffer.from(
    '\0path\tgithub.com/dapr/dapr/cmd/sentry\nmod\tgithub.com/dapr/dapr\tv1.18.3\th1:x=\n',
  )
  expect(versionInside(released)).toBe('1.18.3')
  expect(versionInside(built)).toBe('1.18.3')
  expect(versionInside(Buffer.from('no Go program'))).toBe('')
})
