import { join } from 'node:path'
import { kafkaControllerPort, kafkaPort } from '../../config/ports.ts'
import { kafkaAnswers, startKafka } from '../../servers/kafka.ts'
import type { ProcessSpec } from '../process-spec.ts'
import { dirOf, logOf, type ServerOptions, server } from './unit.ts'

export function kafka({ project, secrets }: ServerOptions): ProcessSpec {
  const given = {
    jars: join(project.root, '.sidecart/bin'),
    dir: dirOf(project, 'kafka'),
    port: kafkaPort,
    controllerPort: kafkaControllerPort,
    user: secrets['kafka-username'] ?? '',
    password: secrets['kafka-password'] ?? '',
    logFile: logOf(project, 'kafka'),
    log: console.error,
  }
  return server(
    project,
    'kafka',
    { client: kafkaPort, controller: kafkaControllerPort },
    {
      start: async () => (await startKafka(given)).proc,
      ready: () => kafkaAnswers(kafkaPort),
    },
  )
}
