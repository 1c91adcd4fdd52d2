import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { withTracing } from '@sidecart/platform/config/tracing.ts'
import { afterAll, expect, it } from 'vitest'
import type { Components, Faults, OrderLog, ShopMap } from './contract.ts'
import { createOperationsApi } from './operations-api.ts'
import { orderLogOf } from './order-log.ts'

/* The desk of a shop that is shut: what it reads from files is there, nothing answers. */
const home = mkdtempSync(join(tmpdir(), 'desk-'))
const project = projectAt(undefined, { home })
const desk = createOperationsApi({ project, appConfigs: readRunFile(project.runFile) })
afterAll(() => rmSync(home, { recursive: true }))

const get = async <T>(path: string) => (await (await desk.request(path)).json()) as T
const post = (path: string, body: unknown) =>
  desk.request(path, { method: 'POST', body: JSON.stringify(body) })

it('the map has an edge for every call that access control allows', async () => {
  const { services, calls } = await get<ShopMap>('/operations/map')
  expect(services.map(({ name }) => name)).toContain('orders')
  expect(services.find(({ name }) => name === 'orders')?.database).toBe('orders')
  expect(services.find(({ name }) => name === 'gateway')?.database).toBeUndefined()
  expect(calls).toContainEqual({
    from: 'orders',
    to: 'catalog',
    operations: expect.arrayContaining([
      { path: '/internal/reservations/*', verbs: ['DELETE', 'PUT'] },
    ]),
  })
  expect(calls.filter(({ to }) => to === 'gateway')).toEqual([])
})

it('the sets are those of dapr.yaml, with what they can and cannot do', async () => {
  const { sets } = await get<Components>('/operations/components')
  const broker = sets.find(({ kind }) => kind === 'broker')
  expect(broker?.chosen).toBe('jetstream')
  expect(broker?.capabilities.length).toBeGreaterThan(10)
  expect(broker?.capabilities.filter(({ lacks }) => lacks).length).toBeGreaterThan(0)
})

it('nothing can be broken unless the shop was started for that', async () => {
  expect(await get<Faults>('/operations/faults')).toEqual({ allowed: false, kinds: [], active: [] })
  const answer = await post('/operations/faults', { does: 'kill', target: 'orders' })
  expect(answer.status).toBe(409)
})

it('a fault says which operator ordered it', async () => {
  const link = { delay() {}, cut() {}, reset() {}, heal() {}, close: async () => {} }
  const appConfigs = readRunFile(project.runFile)
  const broken = createOperationsApi({ project, appConfigs, links: new Map([['nats', link]]) })
  const operatorId = '018f0000-0000-7000-8000-00000000000a'
  const order = async (headers: Record<string, string>, does: string) => {
    const body = JSON.stringify({ does, target: 'nats' })
    const answer = await broken.request('/operations/faults', { method: 'POST', headers, body })
    return ((await answer.json()) as Faults).active
  }
  await order({ 'x-operator-id': operatorId }, 'slow')
  const active = await order({ 'x-operator-id': 'nobody' }, 'cut')
  expect(active.map(({ does, orderedBy }) => [does, orderedBy])).toEqual([
    ['slow', operatorId],
    ['cut', undefined],
  ])
})

it('takes nothing that it does not know', async () => {
  expect((await post('/operations/faults', { does: 'burn', target: 'orders' })).status).toBe(400)
  expect((await desk.request('/operations/orders/..%2f..%2fsecrets')).status).toBe(400)
  expect((await desk.request('/operations/nothing')).status).toBe(404)
})

it('an order that was never here has left no trail', async () => {
  const trail = await get<OrderLog>('/operations/orders/019a0c6e-5b7e-7c31-9d2a-3f1f0a6b7c11')
  expect(trail).toEqual({ logs: [], provider: [] })
})

it('an order of a traced shop names the viewer of its traces', () => {
  const traced = withTracing(project, readRunFile(project.runFile))
  const trail = orderLogOf(project, traced, '019a0c6e-5b7e-7c31-9d2a-3f1f0a6b7c11')
  expect(trail.traces).toBe('http://127.0.0.1:9440/zipkin/traces/')
})
