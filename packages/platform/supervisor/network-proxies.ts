import { connect, createServer, type Server, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { brokerPort, linked, postgresPort, providerPort, realPort } from '../config/ports.ts'

/** A way between those that use a server and the server, and what is wrong with it. */
export type Link = {
  /** Every piece of data takes this much longer, each way. */
  delay(ms: number): void
  /** Nothing passes, and nobody is told. */
  cut(): void
  /** All connections end at once, with a reset. */
  reset(): void
  /** Everything passes at once again; what was held back, too. */
  heal(): void
  close(): Promise<void>
}

export type NetworkProxies = ReadonlyMap<string, Link>

/**
 * NetworkProxies to the servers that the shop stands on, at the ports where they are looked for. From now on this process,
 * and those that it starts, have the servers themselves listen elsewhere.
 */
export async function openNetworkProxies(): Promise<NetworkProxies> {
  process.env[linked] = 'yes'
  const ends = { postgres: postgresPort, nats: brokerPort, provider: providerPort }
  return new Map(
    await Promise.all(
      Object.entries(ends).map(
        async ([name, port]) => [name, await openLink(port, realPort(port))] as const,
      ),
    ),
  )
}

/** Passes connections to port `from` of this machine on to port `to`. */
export async function openLink(from: number, to: number): Promise<Link> {
  const sockets = new Set<Socket>()
  let delayMs = 0
  let gate = Promise.withResolvers<void>()
  gate.resolve()

  const through = () =>
    new Transform({
      transform(chunk, _encoding, done) {
        void held().then(() => done(null, chunk))
      },
    })

  async function held(): Promise<void> {
    if (delayMs > 0) await pause(delayMs)
    await gate.promise
  }

  function pass(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: to })
    for (const socket of [client, server]) {
      sockets.add(socket.setNoDelay())
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    }
    const ends = () => {
      client.destroy()
      server.destroy()
    }
    void pipeline(client, through(), server).catch(ends)
    void pipeline(server, through(), client).catch(ends)
  }

  const server = await listening(createServer(pass), from)
  return {
    delay(ms) {
      delayMs = ms
    },
    cut() {
      gate = Promise.withResolvers<void>()
    },
    reset() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    heal() {
      delayMs = 0
      gate.resolve()
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function listening(server: Server, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
