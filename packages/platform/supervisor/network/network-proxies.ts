import { connect, createServer, type Server, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { linked, portsOf, postgresPort, providerPort, realPort } from '../../config/ports.ts'
import { nats } from '../../servers/nats.ts'

/** A TCP proxy in front of a server, with its injected faults. */
export type Link = {
  /** Delays all data by this time in each direction. */
  delay(ms: number): void
  /** Blocks all data without closing connections. */
  cut(): void
  /** Resets all connections at once. */
  reset(): void
  /** Ends all faults; data held back is delivered. */
  heal(): void
  close(): Promise<void>
}

export type NetworkProxies = ReadonlyMap<string, Link>

/**
 * Opens proxies to the shop's servers on the servers' usual ports. From then on, this process and its children make the
 * servers themselves listen on other ports.
 */
export async function openNetworkProxies(): Promise<NetworkProxies> {
  process.env[linked] = 'yes'
  const ends = { postgres: postgresPort, nats: portsOf(nats).client, provider: providerPort }
  return new Map(
    await Promise.all(
      Object.entries(ends).map(
        async ([name, port]) => [name, await openLink(port, realPort(port))] as const,
      ),
    ),
  )
}

/** Opens a proxy from port `from` of this machine to port `to`. */
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
