import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { gateway } from '../system/client.ts'

export type Reply = {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

export type Request = {
  /** Address of this machine from which the client connects: 127.0.0.x. */
  from?: string
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  body?: unknown
  headers?: Record<string, string>
  /** Another server than NGINX. */
  origin?: string
}

const agents = new Map<string, Agent>()

/** A client at one address, with connections of its own. */
function agentAt(localAddress: string): Agent {
  const agent = agents.get(localAddress) ?? new Agent({ localAddress })
  agents.set(localAddress, agent)
  return agent
}

/** Sends one request, without retries. @throws the error of the connection */
export async function send(path: string, options: Request = {}): Promise<Reply> {
  const { from = '127.0.0.1', method = 'GET', body, headers = {}, origin = gateway } = options
  const reply = await request(`${origin}${path}`, {
    dispatcher: agentAt(from),
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: reply.statusCode, headers: reply.headers, text: await reply.body.text() }
}

type Line = { client: string; path: string; upstream: string; status: number; cache: string }

/** Returns the lines of NGINX's access log. */
export function accessLog(): Line[] {
  const file = join(process.env.SIDECART_NGINX_FOLDER ?? '', 'logs/access.log')
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line) as Line)
}
