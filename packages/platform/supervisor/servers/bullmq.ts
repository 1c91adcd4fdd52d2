import { connect } from 'node:net'
import { join } from 'node:path'
import { consumersIn } from '../../config/components/components.ts'
import { portsOf } from '../../config/ports.ts'
import type { Project } from '../../config/project.ts'
import { spawnDetached } from '../../process/spawn.ts'
import { connected, ensureGroup } from '../../servers/bullmq/bus.ts'
import { redis } from '../../servers/redis.ts'
import type { ProcessSpec } from '../process-spec.ts'
import { logOf, type ServerOptions, server } from './unit.ts'

/** Folder of the sockets of pluggable components, read by sidecars. */
export const socketsOf = (project: Project) => join(project.home, 'sockets')

/** The component `pubsub.bullmq`, shared by all sidecars. */
export function bullmq({ project, secrets, resources }: ServerOptions): ProcessSpec {
  const name = 'bullmq'
  const socket = join(socketsOf(project), 'bullmq.sock')
  const login = {
    host: '127.0.0.1',
    port: portsOf(redis).client,
    username: secrets['redis-username'] ?? '',
    password: secrets['redis-password'] ?? '',
  }
  return server(
    project,
    name,
    {},
    {
      after: ['redis'],
      start: async () =>
        spawnDetached({
          name,
          command: process.execPath,
          args: [join(project.root, 'packages/platform/servers/bullmq/main.ts')],
          cwd: project.root,
          env: { BULLMQ_SOCKET: socket },
          logFile: logOf(project, name),
        }),
      prepare: async () => {
        const connection = await connected(login)
        for (const { app, topics } of consumersIn(resources))
          for (const topic of topics) await ensureGroup(connection, topic, app)
        connection.disconnect()
      },
      ready: () => listens(socket),
      // A sidecar does not reconnect to a pluggable component that restarted.
      dependentsSurviveMs: 0,
    },
  )
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
