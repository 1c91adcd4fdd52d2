import { refused } from '@sidecart/chassis/core/errors.ts'
import type { Reply } from '@sidecart/chassis/sidecar/sidecar.ts'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'

/*
 * A browser's refresh token is kept from its scripts: to a request with `x-session: cookie` it is given as an
 * HttpOnly cookie, which only comes back to `/sessions`, and never in a body. Another site can neither send the
 * cookie (SameSite) nor that header (CORS). Everybody else sends and gets tokens in bodies, as the API documents it.
 */
/** With TLS the prefix keeps pages without it from setting the cookie; `__Host-` would send it to every path. */
const nameOf = (isSecure: boolean) => `${isSecure ? '__Secure-' : ''}sidecart-session`
const path = '/sessions'
const maxAge = 30 * 24 * 3_600

const keptInCookie = (c: Context): boolean => c.req.header('x-session') === 'cookie'

/** The body to pass on: where a refresh token is asked for, the one of the cookie. */
export async function bodyWithSession(c: Context, isSecure: boolean): Promise<Uint8Array> {
  const wanted = c.req.path === `${path}/refresh` || c.req.path === `${path}/logout`
  if (!wanted || !keptInCookie(c)) return new Uint8Array(await c.req.arrayBuffer())
  const refreshToken = getCookie(c, nameOf(isSecure))
  if (!refreshToken) throw refused('unauthenticated', 'Nobody is signed in here.')
  return new TextEncoder().encode(JSON.stringify({ refreshToken }))
}

/** The body to pass back: a refresh token is moved from it into the cookie; a session that has ended takes the cookie along. */
export function bodyWithoutSession(
  c: Context,
  { status, body }: Reply,
  isSecure: boolean,
): Uint8Array {
  const name = nameOf(isSecure)
  if (!keptInCookie(c)) return body
  const ended = c.req.path === `${path}/logout` ? status < 300 : status === 401
  if (ended && c.req.path.startsWith(path)) deleteCookie(c, name, { path, secure: isSecure })
  if (status !== 200) return body
  const { refreshToken, ...rest } = JSON.parse(new TextDecoder().decode(body))
  if (!refreshToken) return body
  setCookie(c, name, refreshToken, {
    path,
    maxAge,
    secure: isSecure,
    httpOnly: true,
    sameSite: 'Strict',
  })
  return new TextEncoder().encode(JSON.stringify(rest))
}
