import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { keepsCopies } from '../../../components/capabilities.ts'
import { PartError } from '../install/binaries.ts'
import { ensureProgram, type Program } from '../install/packages.ts'
import { jars } from '../install/versions.ts'
import { output } from '../process/spawn.ts'
import { greets, type Started, startAndWait } from '../process/start-process.ts'
import { java, smallHeap } from './java.ts'
import { defineServer } from './server.ts'

const maven: Program = { name: 'mvn', debian: 'maven', brew: 'maven' }

const pom = join(import.meta.dirname, 'kafka/pom.xml')
const fetchTimeoutMs = 300_000
const toolTimeoutMs = 60_000

export type KafkaOptions = {
  /** Folder of the jars, shared by all servers. */
  jars: string
  /** Folder of the configuration (mode 0600) and the data. */
  dir: string
  port: number
  controllerPort: number
  user: string
  password: string
  logFile: string
  log?: (line: string) => void
}

/**
 * Starts Kafka on 127.0.0.1 as its own controller, with one user. An event is on disk before its acknowledgement;
 * topics are created on first use. Throws when Kafka is unavailable, a port is taken, or the server does not answer.
 */
export async function startKafka({ log, ...options }: KafkaOptions): Promise<Started> {
  const { path, jars } = await ensureKafka(options.jars, log)
  const dir = resolve(options.dir)
  const file = join(dir, 'server.properties')
  await mkdir(dir, { recursive: true })
  await writeFile(file, properties({ ...options, dir }), { mode: 0o600 })
  await chmod(file, 0o600)
  const program = (main: string, ...args: string[]) => ['-cp', join(jars, '*'), main, ...args]
  if (!existsSync(join(dir, 'data/meta.properties'))) {
    const format = ['format', '--cluster-id', clusterId, '--config', file]
    await output(path, program('kafka.tools.StorageTool', ...format), toolTimeoutMs)
  }
  const { port, controllerPort, logFile } = options
  return startAndWait(
    {
      name: 'kafka',
      command: path,
      args: [...smallHeap(384), ...program('kafka.Kafka', file)],
      cwd: dir,
      logFile,
    },
    { ports: [port, controllerPort], ready: () => kafkaAnswers(port), timeoutMs: 60_000 },
  )
}

/** Returns Java and the folder of the jars. @throws PartError with the next step when one is unavailable */
export async function ensureKafka(
  parent: string,
  log?: (line: string) => void,
): Promise<{ path: string; jars: string }> {
  const { path } = await ensureProgram(java, { log })
  return { path, jars: await ensureJars(parent, log) }
}

const clusterId = Buffer.from('sidecart').toString('base64url').padEnd(22, 'A')

/** Returns the folder of the jars named in the pom; fetches missing jars with Maven. */
async function ensureJars(parent: string, log?: (line: string) => void): Promise<string> {
  const key = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 10)
  const jars = join(resolve(parent), `kafka-${key}`)
  if (existsSync(jars)) return jars
  const { path } = await ensureProgram(maven, { log })
  log?.('kafka: fetching its jars (54 MB) with Maven')
  const half = `${jars}.${process.pid}`
  const args = ['-q', '-B', '-C', '-f', pom, 'dependency:copy-dependencies']
  await output(path, [...args, `-DoutputDirectory=${half}`], fetchTimeoutMs).catch(
    async (error) => {
      await rm(half, { recursive: true, force: true })
      const command = `mvn -f ${pom} dependency:copy-dependencies -DoutputDirectory=${jars}`
      throw new PartError(
        `the jars of Kafka could not be fetched: ${error.message}\nTry: ${command}`,
      )
    },
  )
  await rename(half, jars)
  return jars
}

type Settings = Pick<KafkaOptions, 'dir' | 'port' | 'controllerPort' | 'user' | 'password'>

function properties({ dir, port, controllerPort, user, password }: Settings): string {
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required username="${user}" password="${password}" user_${user}="${password}";`
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=CLIENT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=CLIENT://127.0.0.1:${port}
listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.client.plain.sasl.jaas.config=${login}
listener.name.controller.plain.sasl.jaas.config=${login}
log.dirs=${join(dir, 'data')}
# As many instances of a consumer share a topic; events of one key stay in order.
num.partitions=6
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# Without this an event is acknowledged before it is on disk.
log.flush.interval.messages=1
log.retention.hours=168
message.max.bytes=4194304
`
}

/** Returns true when a server on this port answers ApiVersions, the only request allowed without a login. */
export function kafkaAnswers(port: number): Promise<boolean> {
  const apiVersions = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])
  return greets(port, apiVersions, (answer) => answer.readInt32BE(4) === 1)
}

export const kafka = defineServer({
  name: 'kafka',
  ports: {
    client: { usual: 9340, serves: 'sidecars, by a password' },
    controller: { usual: 9341, serves: 'itself' },
  },
  address: 'kafka-brokers',
  secrets: ({ client }, password) => ({
    'kafka-brokers': `127.0.0.1:${client}`,
    'kafka-username': 'sidecart',
    'kafka-password': password(),
  }),
  components: {
    'pubsub.kafka': {
      lacks: {
        'app-away': {
          sometimes:
            'Dapr’s component may forget a topic when its app comes back while an event is still being tried: restart that sidecar',
        },
        deduplicates: keepsCopies('a topic'),
      },
      // the component may lose one of several topics when an app comes back
      consumer: {
        about: 'one consumer group per topic',
        metadata: ({ name }) => [
          '{ name: brokers, secretKeyRef: { name: kafka-brokers, key: kafka-brokers } }',
          '{ name: authType, value: password }',
          '{ name: saslUsername, secretKeyRef: { name: kafka-username, key: kafka-username } }',
          '{ name: saslPassword, secretKeyRef: { name: kafka-password, key: kafka-password } }',
          '{ name: saslMechanism, value: PLAIN }',
          '{ name: disableTls, value: "true" }',
          '{ name: version, value: 3.6.0 }',
          `{ name: consumerGroup, value: ${name} }`,
          '{ name: initialOffset, value: oldest }',
          '{ name: maxMessageBytes, value: "4194304" }',
          '{ name: consumeRetryInterval, value: 1s }',
          '{ name: dialTimeout, value: 5s }',
        ],
      },
    },
  },
  version: async (project) => {
    await ensureKafka(join(project.root, '.sidecart/bin'), console.error)
    return `Kafka ${jars.kafka}`
  },
  processes({ dir, bin, ports, secrets, logOf, log }) {
    const { 'kafka-username': user = '', 'kafka-password': password = '' } = secrets()
    const addresses = { port: ports.client, controllerPort: ports.controller }
    const logFile = logOf('kafka')
    return [
      {
        start: () => startKafka({ user, password, ...addresses, jars: bin, dir, logFile, log }),
        ready: () => kafkaAnswers(ports.client),
      },
    ]
  },
})
