import { Pool } from 'undici'
import { Fault } from '../../chassis/refusal.ts'
import { traceparent } from '../../chassis/telemetry.ts'
import type { Invocation, Reply } from '../../chassis/transport.ts'
import { abortedAfter } from '../../chassis/within.ts'

const callTimeoutMs = 10_000

/** Plain HTTP between the processes, over connections that are kept. */
export function createPeers(ports: Record<string, number>, appToken: string) {
  const pools = new Map<string, Pool>()

  function poolOf(app: string): Pool {
    const port = ports[app]
    if (port === undefined) throw new Fault('unavailable', `${app} is not known`)
    const pool =
      pools.get(app) ?? new Pool(`http://127.0.0.1:${port}`, { connections: 64, pipelining: 1 })
    pools.set(app, pool)
    return pool
  }

  async function exchange(call: Invocation, signal: AbortSignal): Promise<Reply> {
    const parent = traceparent()
    const answer = await poolOf(call.app).request({
      method: call.method as 'GET',
      path: call.path,
      headers: {
        ...call.headers,
        'dapr-api-token': appToken,
        ...(parent && { traceparent: parent }),
      },
      body: call.body ?? null,
      signal,
    })
    const body = new Uint8Array(await answer.body.arrayBuffer())
    return { status: answer.statusCode, headers: answer.headers, body }
  }

  async function invoke(call: Invocation): Promise<Reply> {
    try {
      const begin = (signal: AbortSignal) => exchange(call, signal)
      return await abortedAfter(call.timeoutMs ?? callTimeoutMs, begin)
    } catch (cause) {
      if (cause instanceof Fault) throw cause
      const said = `${call.app} did not answer ${call.method} ${call.path}`
      throw new Fault('unavailable', said, { cause })
    }
  }

  async function close(): Promise<void> {
    await Promise.all([...pools.values()].map((pool) => pool.close()))
  }
  return { invoke, close }
}
