import { Fault } from '@sidecart/chassis/core/errors.ts'
import { type Invocation, type Reply, refuseAmbiguous } from '@sidecart/chassis/sidecar/sidecar.ts'
import { exchange } from '@sidecart/chassis/sidecar/sidecar-http.ts'
import { Pool } from 'undici'

/** Plain HTTP between the processes, over kept-alive connections. */
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

  async function invoke(call: Invocation): Promise<Reply> {
    refuseAmbiguous(call)
    try {
      return await exchange(poolOf(call.app), call, { 'dapr-api-token': appToken })
    } catch (cause) {
      if (cause instanceof Fault) throw cause
      const message = `${call.app} did not answer ${call.method} ${call.path}`
      throw new Fault('unavailable', message, { cause })
    }
  }

  async function close(): Promise<void> {
    await Promise.all([...pools.values()].map((pool) => pool.close()))
  }
  return { invoke, close }
}
