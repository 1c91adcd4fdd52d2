import { setTimeout as pause } from 'node:timers/promises'
import { Pool } from 'undici'

/** An HTTP response of any status. */
export type Reply = {
  status: number
  text: string
  body: Record<string, unknown>
  location: string
  retryAfterMs: number
}

export type Request = {
  method: 'GET' | 'POST' | 'PUT'
  path: string
  body?: unknown
  headers?: Record<string, string>
  timeoutMs?: number
}

/** HTTP client of the gateway. */
export type HttpClient = {
  /** @throws the network error or time-out that prevented a response */
  ask(request: Request): Promise<Reply>
  close(): Promise<void>
}

const usualTimeoutMs = 10_000

export function openHttpClient(gateway: string): HttpClient {
  const pool = new Pool(gateway, { pipelining: 1 })
  return {
    async ask({ method, path, body, headers, timeoutMs = usualTimeoutMs }) {
      const answer = await pool.request({
        method,
        path,
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      })
      const text = await answer.body.text()
      return {
        status: answer.statusCode,
        text,
        body: parsed(text),
        location: String(answer.headers.location ?? ''),
        retryAfterMs: 1000 * Number(answer.headers['retry-after'] ?? 0) || 0,
      }
    },
    close: () => pool.destroy(),
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** `done`: the response is final. `later`: nothing was changed. `unknown`: the request may have had its effect. */
export type Meaning = 'done' | 'later' | 'unknown'

function meaningOf({ status, body }: Reply): Meaning {
  if (status === 429 || status === 401 || body.code === 'overloaded') return 'later'
  return status >= 500 ? 'unknown' : 'done'
}

export type Patience = {
  /** Milliseconds until retrying stops. */
  forMs: number
  /** Called after each attempt; `reply` is undefined when no response arrived. */
  received?: (meaning: Meaning, reply: Reply | undefined, why: string) => void
}

const firstPauseMs = 200
const longestPauseMs = 3_000

/**
 * Repeats the same request until a final response, with exponential back-off, jitter and respect for `Retry-After`.
 * Returns undefined after `forMs`.
 */
export async function withRetries(
  ask: () => Promise<Reply>,
  { forMs, received = () => {} }: Patience,
): Promise<Reply | undefined> {
  const end = performance.now() + forMs
  for (let wait = firstPauseMs; ; wait = Math.min(wait * 2, longestPauseMs)) {
    let retryAfterMs = 0
    try {
      const reply = await ask()
      const meaning = meaningOf(reply)
      received(meaning, reply, `${reply.status} ${reply.body.code ?? reply.text.slice(0, 80)}`)
      if (meaning === 'done') return reply
      retryAfterMs = reply.retryAfterMs
    } catch (error) {
      received('unknown', undefined, (error as Error).message)
    }
    const rest = Math.max(retryAfterMs, wait * (0.5 + Math.random()))
    if (performance.now() + rest > end) return undefined
    await pause(rest)
  }
}
