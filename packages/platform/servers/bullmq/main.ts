import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import * as grpc from '@grpc/grpc-js'
import { createServer } from './protocol.ts'

/** `pubsub.bullmq`: sidecars find the component by its socket, named after the component type. */
const socket = process.env.BULLMQ_SOCKET ?? '/tmp/dapr-components-sockets/bullmq.sock'

mkdirSync(dirname(socket), { recursive: true, mode: 0o700 })
rmSync(socket, { force: true })
const server = createServer()
server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error
  console.log(`listening on ${socket}`)
})
process.on('SIGTERM', () => server.forceShutdown())
process.on('SIGTERM', () => setTimeout(() => process.exit(0), 500).unref())
