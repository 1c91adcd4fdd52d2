import { mariadbPort } from '../../config/ports.ts'
import { mariadbAnswers, startMariadb } from '../../servers/mariadb.ts'
import type { ProcessSpec } from '../process-spec.ts'
import { dirOf, logOf, type ServerOptions, server } from './unit.ts'

export function mariadb({ project, secrets }: ServerOptions): ProcessSpec {
  const [, user = '', password = ''] = /^(.*?):(.*?)@/.exec(secrets['mysql-state'] ?? '') ?? []
  const given = {
    dir: dirOf(project, 'mariadb'),
    port: mariadbPort,
    user,
    password,
    schema: 'state',
    logFile: logOf(project, 'mariadb'),
    log: console.error,
  }
  return server(
    project,
    'mariadb',
    { sql: mariadbPort },
    {
      start: async () => (await startMariadb(given)).proc,
      ready: () => mariadbAnswers(mariadbPort),
    },
  )
}
