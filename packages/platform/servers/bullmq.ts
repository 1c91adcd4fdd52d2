import { connect } from 'node:net'
import { join } from 'node:path'
import { anyInstance, keepsCopies } from '../../../components/capabilities.ts'
import { consumersIn } from '../config/components/components.ts'
import type { Secrets } from '../config/secrets.ts'
import { packageVersion } from '../install/packages.ts'
import { spawnDetached } from '../process/spawn.ts'
import { redis } from './redis.ts'
import { defineServer } from './server.ts'

const name = 'bullmq'
const program = join(import.meta.dirname, 'bullmq/main.ts')

/** The component `pubsub.bullmq`, shared by all sidecars. */
export const bullmq = defineServer({
  name,
  ports: {},
  on: redis,
  address: redis.address,
  secrets: () => ({}),
  components: {
    'pubsub.bullmq': {
      lacks: { 'ordered-competing': anyInstance, deduplicates: keepsCopies('a queue') },
      // the component identifies callers by component name
      consumer: {
        about: 'one Bull queue per topic, shared by all instances',
        metadata: ({ app }) => [
          '{ name: redisHost, secretKeyRef: { name: redis-host, key: redis-host } }',
          '{ name: redisUsername, secretKeyRef: { name: redis-username, key: redis-username } }',
          '{ name: redisPassword, secretKeyRef: { name: redis-password, key: redis-password } }',
          `{ name: consumerID, value: ${app} }`,
        ],
      },
    },
  },
  version: async (project, runtime) =>
    `BullMQ ${packageVersion(project.root, 'bullmq')}, ${await redis.version(project, runtime)}`,
  sidecarEnv: ({ sockets }) => ({ DAPR_COMPONENTS_SOCKETS_FOLDER: sockets }),
  processes({ project, secrets, resources, logOf }) {
    const socket = join(project.sockets, 'bullmq.sock')
    return [
      {
        after: [redis.name],
        start: async () => ({
          proc: spawnDetached({
            name,
            command: process.execPath,
            args: [program],
            cwd: project.root,
            env: { BULLMQ_SOCKET: socket },
            logFile: logOf(name),
          }),
        }),
        prepare: async () => {
          const { connected, ensureGroup } = await import('./bullmq/bus.ts')
          const connection = await connected(loginFrom(secrets()))
          for (const { app, topics } of consumersIn(resources))
            for (const topic of topics) await ensureGroup(connection, topic, app)
          connection.disconnect()
        },
        ready: () => listens(socket),
        // A sidecar does not reconnect to a pluggable component that restarted.
        dependentsSurviveMs: 0,
      },
    ]
  },
})

function loginFrom(secrets: Secrets) {
  const [host = '', port] = (secrets[redis.address] ?? '').split(':')
  const { 'redis-username': username = '', 'redis-password': password = '' } = secrets
  return { host, port: Number(port), username, password }
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
