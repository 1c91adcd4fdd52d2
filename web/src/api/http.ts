import { problemOf, unreachable } from './problem.ts'

export type Sent = {
  method: string
  path: string
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
  /** For endless streaming responses. */
  endless?: boolean
  /** The request continues when the page is left. */
  outlivesPage?: boolean
}

const timeoutMs = 12_000

/**
 * Sends one request to the API. @throws ShopProblem for every status other than 2xx, and without a
 * response
 */
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
