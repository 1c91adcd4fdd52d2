import type { Log } from './log.ts'

/** Terms of the OWASP logging vocabulary used here. */
export type SecurityEvent =
  | 'authn_login_success'
  | 'authn_login_fail'
  | 'authn_password_change'
  | 'authn_token_reuse'
  | 'authn_token_revoked'
  | 'authz_admin'
  | 'authz_change'
  | 'authz_fail'
  | 'excess_rate_limit_exceeded'
  | 'session_use_after_expire'
  | 'user_created'
  | 'user_updated'

/** Ids, addresses and codes; never a token, a password, an e-mail or a name. */
export type SecurityFields = {
  userId?: string | undefined
  sourceIp?: string | undefined
  [field: string]: string | number | undefined
}

export type SecurityLog = (event: SecurityEvent, fields: SecurityFields) => void

/**
 * Creates the security log: one line per event with `securityEvent`, level `info` for a success, otherwise `warn`.
 * Per event type, at most `perSource` lines per source address and `perEvent` lines in total are written in
 * `windowMs`; at the end of the window one line says how many were dropped, so that a flood neither fills the log nor
 * goes unseen.
 *
 * @example security('authz_fail', { userId, sourceIp, path })
 */
export function createSecurityLog(
  log: Log,
  { perSource = 10, perEvent = 100, windowMs = 10_000 } = {},
): SecurityLog {
  const seen = new Map<string, number>()
  const leftOut = new Map<SecurityEvent, number>()
  let isWindowOpen = false

  function isTooMany(key: string, most: number): boolean {
    const count = (seen.get(key) ?? 0) + 1
    if (count <= most) seen.set(key, count)
    return count > most
  }

  function endWindow(): void {
    for (const [securityEvent, suppressed] of leftOut)
      log.warn({ securityEvent, suppressed }, 'security events left out')
    seen.clear()
    leftOut.clear()
    isWindowOpen = false
  }

  return (securityEvent, fields) => {
    if (!isWindowOpen) setTimeout(endWindow, windowMs).unref()
    isWindowOpen = true
    const { sourceIp = 'unknown' } = fields
    if (
      isTooMany(`${securityEvent} ${sourceIp}`, perSource) ||
      isTooMany(securityEvent, perEvent)
    ) {
      leftOut.set(securityEvent, (leftOut.get(securityEvent) ?? 0) + 1)
      return
    }
    const level = wentWell.includes(securityEvent) ? 'info' : 'warn'
    log[level]({ securityEvent, ...fields }, 'security event')
  }
}

const wentWell: readonly SecurityEvent[] = [
  'authn_login_success',
  'authn_password_change',
  'authz_admin',
  'user_created',
  'user_updated',
]
