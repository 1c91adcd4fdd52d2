import type { SessionTokens } from '@sidecart/users/contract.ts'
import { send } from './http.ts'
import { isProblem, ShopProblem } from './problem.ts'
import { randomId } from './random-id.ts'
import { onStored, storage } from './storage.ts'

/* The session. The access token is kept in memory only, the refresh token in an HttpOnly cookie
   invisible to scripts. Browser storage holds only a mark of the session: the user id and a session
   id for synchronizing tabs. */
const markKey = 'sidecart.session'
const asCookie = { 'x-session': 'cookie' }
/** Tokens are refreshed this long before expiry, so that no request carries an expired token. */
const earlyMs = 30_000

let access: { token: string; endsAt: number } | undefined
let refreshing: Promise<string | undefined> | undefined
const listeners = new Set<() => void>()

const mark = (): string | null => storage.get(markKey)

export const isSignedIn = (): boolean => mark() !== null

/** Id of the current user; `undefined` for a guest. */
export const currentUser = (): string | undefined => mark()?.split(':')[0]

/** Calls the listener after signing in or out, here or in another tab. */
export function onSession(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

let seen = mark()
onStored(markKey, changed)
// a page restored from the browser's history has missed changes by other tabs
addEventListener('pageshow', ({ persisted }) => {
  if (persisted && mark() !== seen) changed()
})

function changed(): void {
  access = undefined
  tell()
}

function tell(): void {
  seen = mark()
  for (const listener of listeners) listener()
}

/** @param code of an authenticator app, for accounts with a second factor */
export async function signIn(email: string, password: string, code?: string): Promise<void> {
  hold(await tokensFrom('/sessions', { email, password, ...(code && { code }) }))
  begin()
}

function begin(): void {
  storage.set(markKey, `${subjectOf(access?.token)}:${randomId()}`)
  tell()
}

/** Ends the session here, and at the server if reachable. */
export async function signOut(): Promise<void> {
  const ended = tokensEnd()
  forget()
  await ended
}

const tokensEnd = () =>
  send({ method: 'post', path: '/sessions/logout', body: {}, headers: asCookie }).catch(() => {})

function forget(): void {
  if (!isSignedIn()) return
  storage.remove(markKey)
  changed()
}

/**
 * Stores new tokens: of the same user, e.g. after a change of password, or of another user signed
 * in without this tab's notice.
 */
export function accept(tokens: Access): void {
  hold(tokens)
  if (isSignedIn() && subjectOf(tokens.accessToken) !== currentUser()) begin()
}

type Access = Pick<SessionTokens, 'accessToken' | 'expiresIn'>

function hold({ accessToken, expiresIn }: Access): void {
  access = { token: accessToken, endsAt: Date.now() + expiresIn * 1000 }
}

/**
 * Reads the user id of a token issued by the shop. Used for display only, without verifying the
 * signature.
 */
function subjectOf(token = ''): string {
  const payload = token.split('.')[1] ?? ''
  const { sub } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as {
    sub: string
  }
  return sub
}

/** Discards a refused token, so that the next call fetches a new one. */
export function distrust(token: string): void {
  if (access?.token === token) access = undefined
}

/**
 * Returns a valid access token, or `undefined` for a guest. @throws ShopProblem when no token is
 * available at the moment
 */
export async function accessToken(): Promise<string | undefined> {
  if (!isSignedIn()) return undefined
  if (access && Date.now() < access.endsAt - earlyMs) return access.token
  refreshing ??= inTurn(() => refreshed()).finally(() => {
    refreshing = undefined
  })
  return refreshing
}

/** A refresh token is valid once, so tabs take turns. */
const inTurn = <T>(work: () => Promise<T>): Promise<T> =>
  navigator.locks ? navigator.locks.request(markKey, work) : work()

/**
 * Delays in milliseconds: after a refresh by the previous page, its cookie may not have arrived
 * yet.
 */
const comesSoon = [50, 200, 500]

async function refreshed([pauseMs, ...more] = comesSoon): Promise<string | undefined> {
  try {
    accept(await tokensFrom('/sessions/refresh', {}))
    return access?.token
  } catch (error) {
    if (isProblem(error, 'just-refreshed') && pauseMs !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      return refreshed(more)
    }
    if (!(error instanceof ShopProblem) || error.status !== 401) throw error
    forget()
    return undefined
  }
}

/**
 * The request outlives the page, because the old refresh token is used up and the new cookie must
 * not be lost.
 */
async function tokensFrom(path: string, body: object): Promise<SessionTokens> {
  const sent = { method: 'post', path, body, headers: asCookie, outlivesPage: true }
  return (await (await send(sent)).json()) as SessionTokens
}
