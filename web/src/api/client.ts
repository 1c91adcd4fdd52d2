import type { RouteConfig, z } from '@hono/zod-openapi'
import { type Sent, send } from './http.ts'
import { ShopProblem } from './problem.ts'
import { accessToken, currentUser, distrust } from './session.ts'

type Json<S> = { content: { 'application/json': { schema: S } } }
type Part<R, Name extends string, Source extends string = Name> = R extends {
  request: { [key in Source]: infer S extends z.ZodType }
}
  ? { [key in Name]: z.input<S> }
  : unknown
type Input<R extends RouteConfig> = Part<R, 'params'> &
  Part<R, 'query'> &
  (R extends { request: { body: Json<infer B extends z.ZodType> } }
    ? { body: z.input<B> }
    : unknown) & {
    headers?: Record<string, string>
    signal?: AbortSignal
    /** The request continues when the page is left. */
    outlivesPage?: boolean
    /** User id the request was made for; by default the current user. */
    as?: string | undefined
    /** Public data: also requested while no session is available. */
    anonymous?: true
  }
type Output<R extends RouteConfig> = {
  [S in keyof R['responses']]: R['responses'][S] extends Json<infer B extends z.ZodType>
    ? z.output<B>
    : undefined
}[keyof R['responses'] & (200 | 201 | 202 | 204)]

/**
 * Calls the API, typed by the contract of the service. Only the contract's types are used, so the
 * bundle contains no schemas.
 *
 * @example const order = await ask<typeof ordersRoutes.get>('get', '/orders/{orderId}', { params: { orderId } })
 * @throws ShopProblem
 */
export async function ask<R extends RouteConfig>(
  method: R['method'],
  path: R['path'],
  input: Input<R>,
): Promise<Output<R>> {
  return (await answer<R>(method, path, input)).data
}

/** Like `ask`, with the headers of the response. */
export async function answer<R extends RouteConfig>(
  method: R['method'],
  path: R['path'],
  input: Input<R>,
): Promise<{ data: Output<R>; headers: Headers }> {
  const { params, query, body, anonymous, ...rest } = input as Parts
  const sent = {
    method,
    path: pathOf(path, params, query),
    ...rest,
    ...(body !== undefined && { body }),
  }
  const reply = await (anonymous ? asMyselfIfPossible : authenticated)(sent)
  const text = await reply.text()
  const data = text === '' ? undefined : JSON.parse(text)
  return { data: data as Output<R>, headers: reply.headers }
}

type Parts = Pick<Asked, 'body' | 'headers' | 'signal' | 'outlivesPage' | 'as'> & {
  params?: Record<string, string>
  query?: Record<string, unknown>
  anonymous?: true
}

type Asked = Sent & { as?: string | undefined }

/**
 * Sends a request with the current user's token, and once more with a new token if the token is
 * refused. A request of one user is never sent with the token of another user signed in meanwhile.
 */
export async function authenticated(
  { as = currentUser(), ...sent }: Asked,
  again = true,
): Promise<Response> {
  const token = await accessToken()
  if (currentUser() !== as)
    throw new ShopProblem(401, 'unauthenticated', 'You are no longer signed in.')
  const headers = { ...sent.headers, ...(token && { authorization: `Bearer ${token}` }) }
  try {
    return await send({ ...sent, headers })
  } catch (error) {
    if (!(error instanceof ShopProblem && error.code === 'unauthenticated' && token && again))
      throw error
    distrust(token)
    return authenticated({ as, ...sent }, false)
  }
}

const asMyselfIfPossible = (sent: Sent): Promise<Response> =>
  accessToken().then(
    () => authenticated(sent),
    () => send(sent),
  )

export function pathOf(
  template: string,
  params: Record<string, string> = {},
  query: Record<string, unknown> = {},
): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  )
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return search ? `${path}?${search}` : path
}
