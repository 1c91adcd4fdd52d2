import { problemOf, unreachable } from './problem.ts'

export type Sent = {
  method: string
  path: string
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
  /** For an answer that is a stream, and is never whole. */
  endless?: boolean
  /** Goes on when the page is left. */
  outlivesPage?: boolean
}

const timeoutMs = 12_000

/** One request to the API. @throws ShopProblem for every answer but a 2xx, and when there is none */
export async function send({
  method,
  path,
  body,
  headers,
  signal,
  endless,
  outlivesPage = false,
}: Sent): Promise<Response> {
  const ends = [endless ? undefined : AbortSignal.timeout(timeoutMs), signal]
  const answer = await fetch(path, {
    method: method.toUpperCase(),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? null : JSON.stringify(body),
    keepalive: outlivesPage,
    signal: AbortSignal.any(ends.filter((end) => end !== undefined)),
  }).catch((error) => {
    throw signal?.aborted ? error : unreachable()
  })
  if (!answer.ok) throw await problemOf(answer)
  return answer
}
