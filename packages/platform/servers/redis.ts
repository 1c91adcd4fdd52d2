import { randomBytes } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { anyInstance, keepsCopies, parallelBulk } from '../../../components/capabilities.ts'
import { readRedis, redisFaults } from '../durability/redis.ts'
import { describeProgram, ensureProgram, type Program } from '../install/packages.ts'
import { type Started, startAndWait } from '../process/start-process.ts'
import { defineServer } from './server.ts'

export const redisProgram: Program = {
  name: 'redis-server',
  debian: 'redis-server',
  brew: 'redis',
  version: { args: ['--version'], pattern: /v=(\d+\.\d+\.\d+)/ },
  least: '6.2.0',
}

export type RedisOptions = {
  /** Folder of the configuration file (mode 0600) and the data. */
  dir: string
  port: number
  user: string
  password: string
  logFile: string
  log?: (line: string) => void
}

/**
 * Starts Redis on 127.0.0.1 with one user without administrative rights. A write is on disk before its acknowledgement.
 * Throws when Redis is unavailable, the port is taken, or the server does not answer.
 */
export async function startRedis({
  port,
  logFile,
  log,
  ...options
}: RedisOptions): Promise<Started> {
  const { path } = await ensureProgram(redisProgram, { log })
  const dir = resolve(options.dir)
  await mkdir(dir, { recursive: true })
  const file = join(dir, 'redis.conf')
  await writeFile(file, redisConfig({ ...options, dir, port }), { mode: 0o600 })
  await chmod(file, 0o600)
  return startAndWait(
    { name: 'redis', command: path, args: [file], cwd: dir, logFile },
    { ports: [port], ready: () => redisAnswers({ ...options, port }) },
  )
}

/** Returns the configuration file; Redis accepts JSON strings. */
export function redisConfig({
  dir,
  port,
  user,
  password,
}: Pick<RedisOptions, 'dir' | 'port' | 'user' | 'password'>): string {
  return `bind 127.0.0.1
port ${port}
dir ${JSON.stringify(dir)}
# The default user stays on, with a password that nobody is told: a server that loads its file acts as this user, and
# leaves out every transaction in it that this user may not run.
requirepass ${randomBytes(24).toString('base64url')}
user ${user} on ${JSON.stringify(`>${password}`)} ~* &* +@all -@dangerous +info
# Without these two a write is acknowledged before it is on disk.
appendonly yes
appendfsync always
save ""
maxmemory-policy noeviction
`
}

type Login = { port: number; user: string; password: string }

/** Returns true when the server accepts this user and has loaded its data. */
export function redisAnswers({ port, user, password }: Login): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 })
    let reply = ''
    const finish = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => socket.write(command('AUTH', user, password) + command('PING')))
    socket.on('data', (data) => {
      reply += data
      if (reply.includes('+PONG')) finish(true)
      else if (reply.includes('-')) finish(false)
    })
    socket.on('error', () => finish(false))
    socket.on('timeout', () => finish(false))
  })
}

const command = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`

export const redis = defineServer({
  name: 'redis',
  ports: { client: { usual: 6340, serves: 'sidecars, by a password' } },
  address: 'redis-host',
  secrets: ({ client }, password) => ({
    'redis-host': `127.0.0.1:${client}`,
    'redis-username': 'sidecart',
    'redis-password': password(),
  }),
  components: {
    'pubsub.redis': {
      lacks: {
        'ordered-bulk': parallelBulk,
        'ordered-competing': anyInstance,
        deduplicates: keepsCopies('a stream'),
      },
    },
    'state.redis': {
      lacks: {
        'first-write-late':
          'only an entry that was saved with a condition is guarded: services save either always with one, or never',
        'ttl-renewed': 'an entry that had a time keeps it when it is saved without one',
        'transaction-undone':
          'a transaction runs its commands one after another and takes none of them back',
      },
    },
  },
  version: () => describeProgram('Redis', redisProgram),
  durability: {
    means: 'a write is on the disk before it is acknowledged, and nothing is evicted',
    faults: async ({ home }, { client }) =>
      redisFaults(await readRedis(client, join(home, 'redis/redis.conf'))),
  },
  processes({ dir, ports, secrets, logOf, log }) {
    const { 'redis-username': user = '', 'redis-password': password = '' } = secrets()
    const login = { port: ports.client, user, password }
    return [
      {
        start: () => startRedis({ ...login, dir, logFile: logOf('redis'), log }),
        ready: () => redisAnswers(login),
      },
    ]
  },
})
