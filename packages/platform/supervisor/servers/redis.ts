import { redisPort } from '../../config/ports.ts'
import { redisAnswers, startRedis } from '../../servers/redis.ts'
import type { ProcessSpec } from '../process-spec.ts'
import { dirOf, logOf, type ServerOptions, server } from './unit.ts'

export function redis({ project, secrets }: ServerOptions): ProcessSpec {
  const login = {
    port: redisPort,
    user: secrets['redis-username'] ?? '',
    password: secrets['redis-password'] ?? '',
  }
  const given = { ...login, dir: dirOf(project, 'redis'), logFile: logOf(project, 'redis') }
  return server(
    project,
    'redis',
    { client: redisPort },
    {
      start: async () => (await startRedis({ ...given, log: console.error })).proc,
      ready: () => redisAnswers(login),
    },
  )
}
