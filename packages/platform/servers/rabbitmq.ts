import { realpathSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { anyInstance, keepsCopies, parallelBulk } from '../../../components/capabilities.ts'
import { topicsFor } from '../config/components/components.ts'
import { loginFrom } from '../config/identity/login.ts'
import { ensureProgram, type Program } from '../install/packages.ts'
import { accepts, greets, type Started, startAndWait } from '../process/start-process.ts'
import { definitions, type Topic } from './rabbitmq/definitions.ts'
import { defineServer } from './server.ts'

/**
 * The RabbitMQ script in Debian's server folder: the one on PATH changes the user and the folders. The version is not
 * queried, because the query would start a port mapper on Erlang's default port, open to the network.
 */
export const rabbitmqProgram: Program = {
  name: 'rabbitmq-server',
  debian: 'rabbitmq-server',
  brew: 'rabbitmq',
  folders: ['/usr/lib/rabbitmq/bin'],
}

const epmd: Program = { name: 'epmd', debian: 'erlang-base', brew: 'erlang' }

export type RabbitmqOptions = {
  /** Folder of the configuration (mode 0600) and the data. */
  dir: string
  port: number
  /** Port for connections between Erlang nodes; this node is alone. */
  nodePort: number
  epmdPort: number
  user: string
  password: string
  /** Topics and queues created before the first connection: an event published to a topic without a queue is lost. */
  topics: readonly Topic[]
  logFile: string
  log?: (line: string) => void
}

/** Starts Erlang's port mapper on 127.0.0.1, which RabbitMQ requires. */
export async function startEpmd(port: number, logFile: string): Promise<Started> {
  const { path } = await ensureProgram(epmd)
  const args = ['-port', String(port), '-address', '127.0.0.1']
  return startAndWait(
    { name: 'epmd', command: path, args, cwd: '/', logFile },
    { ports: [port], ready: () => accepts(port) },
  )
}

/**
 * Starts RabbitMQ on 127.0.0.1, with one user and the topics. Needs `startEpmd` on the same `epmdPort`. Throws when
 * RabbitMQ is unavailable, a port is taken, or the server does not answer.
 */
export async function startRabbitmq({
  logFile,
  log,
  ...options
}: RabbitmqOptions): Promise<Started> {
  const { path } = await ensureProgram(rabbitmqProgram, { log })
  const dir = resolve(options.dir)
  const files = {
    'rabbitmq.conf': config(options.port, join(dir, 'definitions.json')),
    'definitions.json': JSON.stringify(definitions(options)),
    enabled_plugins: '[].\n',
    'rabbitmq-env.conf': '',
  }
  await mkdir(dir, { recursive: true })
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(dir, name), content, { mode: 0o600 })
    await chmod(join(dir, name), 0o600)
  }
  return startAndWait(
    { name: 'rabbitmq', command: path, env: environment(dir, options), cwd: dirname(dir), logFile },
    {
      ports: [options.port, options.nodePort],
      ready: () => speaksAmqp(options.port),
      timeoutMs: 60_000,
    },
  )
}

type Ports = Pick<RabbitmqOptions, 'nodePort' | 'epmdPort'>

function environment(dir: string, { nodePort, epmdPort }: Ports): Record<string, string> {
  return {
    HOME: dir,
    // Replaces the script's process with the server instead of starting a child.
    RUNNING_UNDER_SYSTEMD: 'true',
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(epmdPort),
    RABBITMQ_NODENAME: 'sidecart@localhost',
    RABBITMQ_DIST_PORT: String(nodePort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: join(dir, 'rabbitmq-env.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(dir, 'data'),
    RABBITMQ_LOG_BASE: join(dir, 'log'),
    RABBITMQ_PID_FILE: join(dir, 'pid'),
    RABBITMQ_LOGS: '-',
  }
}

const config = (port: number, definitionsFile: string) => `listeners.tcp.1 = 127.0.0.1:${port}
load_definitions = ${definitionsFile}
log.console.level = warning
`

/** Returns true when a server on this port starts an AMQP 0-9-1 handshake, which means ready. */
function speaksAmqp(port: number): Promise<boolean> {
  const methodFrame = 1
  return greets(
    port,
    Buffer.from('AMQP\x00\x00\x09\x01', 'latin1'),
    ([type]) => type === methodFrame,
  )
}

export const rabbitmq = defineServer({
  name: 'rabbitmq',
  ports: {
    client: { usual: 5640, serves: 'sidecars, by a password' },
    node: { usual: 25_640, serves: 'its own command' },
    names: { usual: 4340, serves: 'itself: the port mapper of Erlang' },
  },
  address: 'rabbitmq-url',
  secrets: ({ client }, password) => ({
    'rabbitmq-url': `amqp://sidecart:${password()}@127.0.0.1:${client}/`,
  }),
  components: {
    'pubsub.rabbitmq': {
      lacks: {
        'ordered-bulk': parallelBulk,
        'ordered-competing': anyInstance,
        deduplicates: keepsCopies('a queue'),
        'no-false-acknowledgement':
          'Dapr’s component reports success when the connection ends before the broker has confirmed the event',
      },
      // subscriptions of one component share a channel, and several reconnecting at once stay broken
      consumer: {
        about: 'one queue per topic, shared by all instances',
        metadata: () => [
          '{ name: connectionString, secretKeyRef: { name: rabbitmq-url, key: rabbitmq-url } }',
          '{ name: durable, value: "true" }',
          '{ name: deletedWhenUnused, value: "false" }',
          '{ name: deliveryMode, value: "2" }',
          '{ name: publisherConfirm, value: "true" }',
          '{ name: requeueInFailure, value: "true" }',
          '{ name: concurrencyMode, value: single }',
          '{ name: prefetchCount, value: "16" }',
          '{ name: reconnectWaitSeconds, value: 1s }',
        ],
      },
    },
  },
  version: async () => {
    // the program would start a port mapper on Erlang's default port to print its version
    const { path } = await ensureProgram(rabbitmqProgram, { log: console.error })
    return `RabbitMQ ${/rabbitmq(?:_server)?[-/](\d[\d.]+\d)/.exec(realpathSync(path))?.[1] ?? ''}`
  },
  processes({ dir, ports: { client, node, names }, secrets, resources, logOf, log }) {
    const addresses = { port: client, nodePort: node, epmdPort: names }
    const login = loginFrom(secrets()['rabbitmq-url'])
    const rest = { topics: topicsFor(resources), dir, logFile: logOf('rabbitmq'), log }
    return [
      {
        name: 'epmd',
        ports: { names },
        start: () => startEpmd(names, logOf('epmd')),
        ready: () => accepts(names),
      },
      {
        ports: { client, node },
        after: ['epmd'],
        start: () => startRabbitmq({ ...addresses, ...login, ...rest }),
        ready: () => accepts(client),
      },
    ]
  },
})
