import { expect, test } from 'vitest'
import { natsConfig } from './nats.ts'

test('NATS is durable, local and quotes what it is given', () => {
  const config = natsConfig({
    store: '/a b/"c"',
    port: 1,
    monitorPort: 2,
    users: [
      { user: 'admin', password: 'p"\\' },
      { user: 'app', password: 'q', may: { publish: ['events'], subscribe: ['_INBOX.>'] } },
    ],
  })
  expect(config).toContain('listen: "127.0.0.1:1"')
  expect(config).toContain('http: "127.0.0.1:2"')
  expect(config).toContain('sync_interval: always')
  expect(config).toMatch(/authorization \{[^[]*timeout: 10\n/)
  expect(config).toContain('store_dir: "/a b/\\"c\\""')
  expect(config).toContain('{"user":"admin","password":"p\\"\\\\"}')
  expect(config).toContain('"permissions":{"publish":["events"],"subscribe":["_INBOX.>"]}')
})
