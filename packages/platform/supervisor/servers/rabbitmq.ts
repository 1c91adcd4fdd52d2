import { topicsFor } from '../../config/components/components.ts'
import { loginFrom } from '../../config/identity/login.ts'
import { epmdPort, rabbitmqNodePort, rabbitmqPort } from '../../config/ports.ts'
import { accepts } from '../../process/start-process.ts'
import { startEpmd, startRabbitmq } from '../../servers/rabbitmq.ts'
import type { ProcessSpec } from '../process-spec.ts'
import { dirOf, logOf, type ServerOptions, server } from './unit.ts'

/** Erlang's port mapper, required by RabbitMQ. */
export function epmd({ project }: ServerOptions): ProcessSpec {
  return server(
    project,
    'epmd',
    { names: epmdPort },
    {
      start: async () => (await startEpmd(epmdPort, logOf(project, 'epmd'))).proc,
      ready: () => accepts(epmdPort),
    },
  )
}

export function rabbitmq({ project, secrets, resources }: ServerOptions): ProcessSpec {
  const { user, password } = loginFrom(secrets['rabbitmq-url'])
  const given = {
    dir: dirOf(project, 'rabbitmq'),
    port: rabbitmqPort,
    nodePort: rabbitmqNodePort,
    epmdPort,
    user,
    password,
    topics: topicsFor(resources),
    logFile: logOf(project, 'rabbitmq'),
    log: console.error,
  }
  return server(
    project,
    'rabbitmq',
    { client: rabbitmqPort, node: rabbitmqNodePort },
    {
      after: ['epmd'],
      start: async () => (await startRabbitmq(given)).proc,
      ready: () => accepts(rabbitmqPort),
    },
  )
}
