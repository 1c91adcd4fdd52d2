import type { AppEnv } from '@sidecart/chassis/http/app.ts'
import { clientAddressHeader, networkOf } from '@sidecart/chassis/http/client-address.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import {
  createSecurityLog,
  type SecurityEvent,
  type SecurityFields,
} from '@sidecart/chassis/observability/security-log.ts'
import type { Context } from 'hono'

export type Asking = Context<AppEnv>

/** Where a request came from, as the gateway saw it. Requests without that have one limit together. */
export const networkOfClient = (c: Asking): string =>
  networkOf(c.req.header(clientAddressHeader) ?? 'unknown')

/** Writes a line of the security log that tells which request it was. */
export type RequestLog = (c: Asking, event: SecurityEvent, fields: SecurityFields) => void

export function createRequestLog(log: Log): RequestLog {
  const security = createSecurityLog(log)
  return (c, event, fields) =>
    security(event, {
      sourceIp: c.req.header(clientAddressHeader),
      method: c.req.method,
      path: c.req.path,
      requestId: c.get('requestId'),
      ...fields,
    })
}
