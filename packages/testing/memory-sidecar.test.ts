import { createApp } from '@sidecart/chassis/http/app.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { describe, expect, it } from 'vitest'
import { createMemorySidecar } from './memory-sidecar.ts'
import { sidecarSuite } from './sidecar.suite.ts'

sidecarSuite('the memory sidecar', async () => {
  const sidecar = createMemorySidecar()
  sidecar.apps.set('tests', createApp({ name: 'tests', log: createLog('tests', 'silent') }))
  sidecar.secrets.set('known', 'value')
  const { state, invoke, secret } = sidecar
  const reachable = { app: 'tests', found: '/openapi.json', missing: '/nothing' }
  return { state, invoke, secret, reachable, known: { name: 'known', value: 'value' } }
})

describe('the memory sidecar decodes a path as a sidecar does', () => {
  /** Calls an app with this path and returns the path received. */
  async function asked(path: string): Promise<string> {
    const sidecar = createMemorySidecar()
    const app = createApp({
      name: 'tests',
      log: createLog('tests', 'silent'),
      accepts: () => true,
    })
    app.get('*', (c) => c.text((c.env as { incoming: { url: string } }).incoming.url))
    sidecar.apps.set('tests', app)
    const { body } = await sidecar.invokeUnchecked({ app: 'tests', method: 'GET', path })
    return new TextDecoder().decode(body)
  }

  it.each([
    ['/a/b?q=%252e', '/a/b?q=%252e'],
    ['/a%20b/', '/a%20b'],
    ['/a/%2e%2e/b', '/b'],
    ['/a//b', '/a/b'],
    ['/a/%252e%252e/b', '/a/%2e%2e/b'],
    ['/a%2fb', '/a/b'],
  ])('%s arrives as %s', async (path, arrived) => {
    expect(await asked(path)).toBe(arrived)
  })

  it.each(['/a%3Fb', '/a%23b', '/a%00', '/a%zz'])('%s does not arrive', async (path) => {
    await expect(asked(path)).rejects.toMatchObject({ code: 'unavailable' })
  })
})
