import type { SessionTokens } from '@sidecart/users/contract.ts'
import { send } from './http.ts'
import { isProblem, ShopProblem } from './problem.ts'
import { randomId } from './random-id.ts'
import { onStored, storage } from './storage.ts'

/*
 * Who is signed in. The access token lives in memory only; the refresh token in an HttpOnly cookie that no script
 * sees. The browser's storage keeps no more than a mark that there is a session, and whose: the user id, and an id of
 * the session by which tabs follow each other.
 */
const markKey = 'sidecart.session'
const asCookie = { 'x-session': 'cookie' }
/** Refreshed this much before it ends, so that no request meets an expired one. */
const earlyMs = 30_000

let access: { token: string; endsAt: number } | undefined
let refreshing: Promise<string | undefined> | undefined
const listeners = new Set<() => void>()

const mark = (): string | null => storage.get(markKey)

export const isSignedIn = (): boolean => mark() !== null

/** The id of the user who is signed in; none for a guest. */
export const currentUser = (): string | undefined => mark()?.split(':')[0]

/** Calls back when somebody signs in or out, here or in another tab. */
export function onSession(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

let seen = mark()
onStored(markKey, changed)
// a page that comes back from the browser's history has missed what other tabs did
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

export async function signIn(email: string, password: string): Promise<void> {
  hold(await tokensFrom('/sessions', { email, password }))
  begin()
}

function begin(): void {
  storage.set(markKey, `${subjectOf(access?.token)}:${randomId()}`)
  tell()
}

/** The session ends at the server too; when that cannot be reached, at least here. */
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
 * Takes over the tokens of a session: of the same user, as after a change of password, or of another one, who has signed
 * in where this tab did not hear of it.
 */
export function accept(tokens: Access): void {
  hold(tokens)
  if (isSignedIn() && subjectOf(tokens.accessToken) !== currentUser()) begin()
}

type Access = Pick<SessionTokens, 'accessToken' | 'expiresIn'>

function hold({ accessToken, expiresIn }: Access): void {
  access = { token: accessToken, endsAt: Date.now() + expiresIn * 1000 }
}

/** The user whom a token of the shop's own is about. It comes from the shop; nothing is decided by it but what is shown. */
function subjectOf(token = ''): string {
  const payload = token.split('.')[1] ?? ''
  const { sub } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as {
    sub: string
  }
  return sub
}

/** The token was refused although it looked good: the next one is fetched. */
export function distrust(token: string): void {
  if (access?.token === token) access = undefined
}

/** A token that is good for a while, or none for a guest. @throws ShopProblem when it cannot be had now */
export async function accessToken(): Promise<string | undefined> {
  if (!isSignedIn()) return undefined
  if (access && Date.now() < access.endsAt - earlyMs) return access.token
  refreshing ??= inTurn(() => refreshed()).finally(() => {
    refreshing = undefined
  })
  return refreshing
}

/** A refresh token is good for one use, so tabs take turns. */
const inTurn = <T>(work: () => Promise<T>): Promise<T> =>
  navigator.locks ? navigator.locks.request(markKey, work) : work()

/** Where the page before this one has just refreshed, its cookie may still be on the way. */
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

/** The cookie that comes with the answer must not be lost to somebody who goes on at once: the old one was used. */
async function tokensFrom(path: string, body: object): Promise<SessionTokens> {
  const sent = { method: 'post', path, body, headers: asCookie, outlivesPage: true }
  return (await (await send(sent)).json()) as SessionTokens
}
