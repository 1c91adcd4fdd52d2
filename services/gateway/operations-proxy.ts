import { Fault, refused } from '@sidecart/chassis/core/errors.ts'
import type { App, AppEnv } from '@sidecart/chassis/http/app.ts'
import type { Context } from 'hono'
import { Pool } from 'undici'

/** Sends a request to the supervisor of this shop's processes. */
export type Supervisor = (request: {
  method: string
  path: string
  body?: Uint8Array
  /** The user id of who asks. */
  operatorId: string
}) => Promise<{ status: number; contentType: string; body: Uint8Array }>

/** Names the operator to the supervisor, whose socket only the gateway's own user can reach. */
const operatorHeader = 'x-operator-id'
const timeoutMs = 10_000

/** Creates a client of the supervisor's Unix socket. @throws Fault when the supervisor does not respond */
export function supervisorAt(socketPath: string): Supervisor {
  const pool = new Pool('http://supervisor', { socketPath, connections: 8 })
  return async ({ method, path, body, operatorId }) => {
    try {
      const answer = await pool.request({
        method: method as 'GET',
        path,
        headers: { 'content-type': 'application/json', [operatorHeader]: operatorId },
        ...(body && body.length > 0 && { body }),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      })
      return {
        status: answer.statusCode,
        contentType: String(answer.headers['content-type'] ?? 'application/json'),
        body: new Uint8Array(await answer.body.arrayBuffer()),
      }
    } catch (cause) {
      throw new Fault('unavailable', 'the supervisor does not answer', { cause })
    }
  }
}

/** Proxies `/operations/*` to the supervisor, for operators. `admit` authorises the caller first. */
export function passToSupervisor(
  app: App,
  supervisor: Supervisor | undefined,
  admit: (c: Context<AppEnv>, answer: () => Promise<Response>) => Promise<Response>,
): void {
  app.all('/operations/*', (c) =>
    admit(c, async () => {
      if (!supervisor)
        throw refused('not-found', 'Nobody supervises this shop; `./sidecart up` would.')
      const body = ['GET', 'HEAD'].includes(c.req.method)
        ? undefined
        : new Uint8Array(await c.req.arrayBuffer())
      const { method, path } = c.req
      const operatorId = c.get('identity').userId
      const answer = await supervisor({ method, path, operatorId, ...(body && { body }) })
      return c.newResponse(answer.body as Uint8Array<ArrayBuffer>, answer.status as 200, {
        'content-type': answer.contentType,
        'cache-control': 'no-store',
      })
    }),
  )
}
