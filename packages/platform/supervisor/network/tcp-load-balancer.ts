import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * TCP load balancer for several instances: distributes connections in turn and tries the next instance when one does
 * not accept. Answers 503 when none accepts. Works on bytes only, as a load balancer in front of the shop would.
 * @param backends returns the ports of instances that may take connections
 */
export async function openLoadBalancer(
  port: number,
  backends: () => readonly number[],
): Promise<Server> {
  let turn = 0
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on('error', () => client.destroy())
    turn += 1
    void handOn(client, inTurn(backends(), turn))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const inTurn = (ports: readonly number[], turn: number): number[] =>
  ports.map((_, index) => ports[(turn + index) % ports.length] as number)

async function handOn(client: Socket, ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const backend = await reached(port)
    if (!backend) continue
    backend.on('error', () => client.destroy())
    if (client.destroyed) return void backend.destroy()
    client.on('close', () => backend.destroy())
    backend.on('close', () => client.destroySoon())
    client.pipe(backend).pipe(client)
    return
  }
  client.once('data', () => client.end(nobodyThere))
}

function reached(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const backend = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    backend.once('connect', () => resolve(backend)).once('error', () => resolve(undefined))
  })
}

const problem = JSON.stringify({
  type: 'https://sidecart.example/problems/unavailable',
  title: 'Temporarily unavailable',
  status: 503,
  code: 'unavailable',
  detail: 'The shop is closed at the moment; try again.',
})
const nobodyThere = [
  'HTTP/1.1 503 Service Unavailable',
  'content-type: application/problem+json',
  'retry-after: 1',
  `content-length: ${Buffer.byteLength(problem)}`,
  'connection: close',
  '',
  problem,
].join('\r\n')
