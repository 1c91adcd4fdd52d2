import { refused } from '@sidecart/chassis/core/errors.ts'
import type { Reply } from '@sidecart/chassis/sidecar/sidecar.ts'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'

/*
 * Keeps a browser's refresh token from scripts: with `x-session: cookie`, the token is set as an HttpOnly cookie,
 * sent back only to `/sessions`, and removed from the body. Another site can send neither the cookie (SameSite) nor
 * the header (CORS). All other clients send and receive tokens in bodies, as documented in the API.
 */
/**
 * With TLS, the `__Secure-` prefix keeps insecure pages from setting the cookie; `__Host-` would send the cookie to
 * every path.
 */
const nameOf = (isSecure: boolean) => `${isSecure ? '__Secure-' : ''}sidecart-session`
const path = '/sessions'
const maxAge = 30 * 24 * 3_600

const keptInCookie = (c: Context): boolean => c.req.header('x-session') === 'cookie'

/** Returns the body to forward: where a refresh token is expected, the one from the cookie. */
export async function bodyWithSession(c: Context, isSecure: boolean): Promise<Uint8Array> {
  const wanted = c.req.path === `${path}/refresh` || c.req.path === `${path}/logout`
  if (!wanted || !keptInCookie(c)) return new Uint8Array(await c.req.arrayBuffer())
  const refreshToken = getCookie(c, nameOf(isSecure))
  if (!refreshToken) throw refused('unauthenticated', 'Nobody is signed in here.')
  return new TextEncoder().encode(JSON.stringify({ refreshToken }))
}

/**
 * Returns the body for the client: a refresh token moves from the body into the cookie; an ended session deletes the
 * cookie.
 */
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
