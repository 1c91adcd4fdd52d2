import { expect, it } from 'vitest'
import { Fault } from '../core/errors.ts'
import { callRetries } from '../observability/metrics.ts'
import { withRetry } from './invocation-retry.ts'
import type { Invocation } from './sidecar.ts'

/** A callee that fails the first `times` calls, and a list of the calls received. */
function failing(times: number, code: string) {
  const received: Invocation[] = []
  const invoke = withRetry(async (call) => {
    received.push(call)
    if (received.length <= times) throw new Fault(code, 'no answer')
    return { status: 200, headers: {}, body: new Uint8Array() }
  }, 2_000)
  return { received, invoke }
}

const retried = async () => (await callRetries.get()).values[0]?.value ?? 0

const asking = (method: string, headers: Record<string, string> = {}): Invocation => ({
  app: 'orders',
  method,
  path: '/orders',
  headers,
})

it.each([
  ['GET', {}],
  ['PUT', {}],
  ['DELETE', {}],
  ['POST', { 'idempotency-key': 'k' }],
])('%s with %j is sent again when no answer came', async (method, headers) => {
  const { invoke, received } = failing(2, 'unavailable')
  const before = await retried()
  expect(await invoke(asking(method, headers))).toMatchObject({ status: 200 })
  expect(received).toHaveLength(3)
  expect(await retried()).toBe(before + 2)
})

it.each(['POST', 'PATCH'])(
  '%s is sent again only when it was certainly not sent',
  async (method) => {
    const lost = failing(1, 'unavailable')
    await expect(lost.invoke(asking(method))).rejects.toMatchObject({ code: 'unavailable' })
    expect(lost.received).toHaveLength(1)
    const unreached = failing(1, 'unreachable')
    expect(await unreached.invoke(asking(method))).toMatchObject({ status: 200 })
  },
)

it('what may not be called is not called again', async () => {
  const { invoke, received } = failing(1, 'denied')
  await expect(invoke(asking('GET'))).rejects.toMatchObject({ code: 'denied' })
  expect(received).toHaveLength(1)
})

it('all tries together end before the call’s time-out', async () => {
  const { invoke, received } = failing(Number.POSITIVE_INFINITY, 'unavailable')
  await expect(invoke({ ...asking('GET'), timeoutMs: 100 })).rejects.toMatchObject({
    code: 'unavailable',
  })
  expect(received.length).toBeGreaterThan(1)
  for (const { timeoutMs = 0 } of received) expect(timeoutMs).toBeLessThanOrEqual(100)
})
