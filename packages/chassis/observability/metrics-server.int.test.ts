import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { startMetricsServer } from './metrics-server.ts'

it('the port of the metrics has nothing else, and answers the bearer of its token only', async () => {
  const server = await startMetricsServer({ host: '127.0.0.1', port: 0, token: 'secret' })
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const ask = async (path: string, authorization: string, method = 'GET') => {
    const url = `http://127.0.0.1:${port}${path}`
    const answer = await fetch(url, { method, headers: { authorization } })
    return [answer.status, (await answer.text()).includes('http_request_duration_seconds')]
  }
  expect(await ask('/metrics', 'Bearer secret')).toEqual([200, true])
  for (const guess of ['', 'Bearer', 'Bearer guess1', 'Bearer secret2', 'secret', 'Basic secret'])
    expect(await ask('/metrics', guess), guess).toEqual([401, false])
  for (const path of ['/', '/readyz', '/internal/operators', '/metrics/'])
    expect(await ask(path, 'Bearer secret'), path).toEqual([404, false])
  expect(await ask('/metrics', 'Bearer secret', 'POST')).toEqual([404, false])
})

it('a host that is not of this machine is an error', async () => {
  const elsewhere = startMetricsServer({ host: '192.0.2.1', port: 0, token: 'secret' })
  await expect(elsewhere).rejects.toThrow('EADDRNOTAVAIL')
})
