import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { anyInstance, keepsCopies, parallelBulk } from '../../../components/capabilities.ts'
import { consumersIn } from '../config/components/components.ts'
import { loginFrom } from '../config/identity/login.ts'
import { firstInstance } from '../config/project.ts'
import { describeProgram, ensureProgram, type Program } from '../install/packages.ts'
import { spawnDetached } from '../process/spawn.ts'
import { type Started, startAndWait } from '../process/start-process.ts'
import { defineServer } from './server.ts'

export const mosquittoProgram: Program = {
  name: 'mosquitto',
  debian: 'mosquitto',
  brew: 'mosquitto',
  version: { args: ['-h'], pattern: /version (\d+\.\d+\.\d+)/ },
  least: '2.0.0',
}

export type MosquittoOptions = {
  /** Folder of the configuration and the password file (mode 0600), and of the data. */
  dir: string
  port: number
  user: string
  password: string
  logFile: string
  log?: (line: string) => void
}

/**
 * Starts Mosquitto on 127.0.0.1 with one user. Mosquitto saves data soon after every change, not before its
 * acknowledgement. Throws when Mosquitto is unavailable, the port is taken, or the server does not answer.
 */
export async function startMosquitto({ log, ...options }: MosquittoOptions): Promise<Started> {
  const { path } = await ensureProgram(mosquittoProgram, { log })
  const { port, user, password, logFile } = options
  const dir = resolve(options.dir)
  const file = join(dir, 'mosquitto.conf')
  const files = { 'mosquitto.conf': config(dir, port), passwords: hashed(user, password) }
  await mkdir(dir, { recursive: true })
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(dir, name), content, { mode: 0o600 })
    await chmod(join(dir, name), 0o600)
  }
  return startAndWait(
    { name: 'mosquitto', command: path, args: ['-c', file], cwd: dir, logFile },
    { ports: [port], ready: () => mosquittoAnswers({ port, user, password }) },
  )
}

const config = (dir: string, port: number) => `listener ${port} 127.0.0.1
user ${userInfo().username}
allow_anonymous false
password_file ${join(dir, 'passwords')}
persistence true
persistence_location ${dir}/
autosave_on_changes true
autosave_interval 1
max_queued_messages 0
max_inflight_messages 500
log_dest stderr
log_type error
log_type warning
`

function hashed(user: string, password: string): string {
  const salt = randomBytes(12)
  const digest = pbkdf2Sync(password, salt, 101, 64, 'sha512')
  return `${user}:$7$101$${salt.toString('base64')}$${digest.toString('base64')}\n`
}

type Login = Pick<MosquittoOptions, 'port' | 'user' | 'password'>

/** Returns true when the server accepts this user. */
export const mosquittoAnswers = (login: Login): Promise<boolean> =>
  visit(login, { client: '', keep: false, topics: [] })

/**
 * Creates a client's session and subscriptions, so that events wait for the client before its first connection.
 * @throws Error when the server rejects the login or the subscription
 */
export async function ensureSession(login: Login, client: string, topics: readonly string[]) {
  if (!(await visit(login, { client, keep: true, topics })))
    throw new Error(`Mosquitto refused a session for ${client}`)
}

type Visit = { client: string; keep: boolean; topics: readonly string[] }

/** Connects, subscribes and disconnects (MQTT 3.1.1). Returns true when the server accepted all steps. */
function visit({ port, user, password }: Login, { client, keep, topics }: Visit): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 })
    const finish = (answer: boolean) => {
      socket.end(packet(0xe0, []))
      socket.destroySoon()
      resolve(answer)
    }
    const flags = 0b1100_0000 | (keep ? 0 : 0b10)
    const login = [text('MQTT'), [4, flags, 0, 10], text(client), text(user), text(password)]
    const wanted = topics.map((topic) => [...text(topic), 1])
    socket.on('connect', () => socket.write(packet(0x10, login)))
    let accepted = false
    socket.on('data', ([type, , , code]) => {
      accepted ||= type === 0x20 && code === 0
      if (type === 0x20 && accepted && topics.length > 0)
        socket.write(packet(0x82, [[0, 1], ...wanted]))
      else finish(accepted)
    })
    // A disconnect after the login is caused by the client of the same name, which subscribes by itself.
    for (const event of ['close', 'error']) socket.on(event, () => finish(accepted))
    socket.on('timeout', () => finish(false))
  })
}

const text = (value: string): number[] => {
  const bytes = Buffer.from(value)
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes]
}

function packet(type: number, parts: readonly (readonly number[])[]): Buffer {
  const body = parts.flat()
  const length: number[] = []
  for (let rest = body.length; length.length === 0 || rest > 0; rest >>= 7)
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
  return Buffer.from([type, ...length, ...body])
}

const parallel = 'Dapr’s component handles each event as it comes, many at the same time'
const renewEveryMs = 20_000
const sessionsProgram = join(import.meta.dirname, 'mosquitto-sessions.ts')

export const mosquitto = defineServer({
  name: 'mosquitto',
  ports: { client: { usual: 1840, serves: 'sidecars, by a password' } },
  address: 'mqtt-url',
  secrets: ({ client }, password) => ({
    'mqtt-url': `mqtt://sidecart:${password()}@127.0.0.1:${client}`,
  }),
  components: {
    'pubsub.mqtt3': {
      lacks: {
        'ordered-bulk': parallelBulk,
        'ordered-competing': anyInstance,
        ordered: parallel,
        'ordered-retries': parallel,
        deduplicates: keepsCopies('the broker'),
        competing:
          'every instance receives every event: the inbox drops what another one has applied',
        'broker-crash':
          'Mosquitto saves what it keeps for others about once a second, after it has acknowledged it',
      },
    },
  },
  version: () => describeProgram('Mosquitto', mosquittoProgram),
  processes({ project, dir, ports, secrets, resources, logOf, log }) {
    const url = secrets()['mqtt-url']
    const login = { port: ports.client, ...loginFrom(url) }
    const sessions = consumersIn(resources).map(({ app, topics }) => ({
      name: `${app}-${firstInstance}`,
      topics,
    }))
    return [
      {
        start: () => startMosquitto({ ...login, dir, logFile: logOf('mosquitto'), log }),
        prepare: async () => {
          for (const { name, topics } of sessions) await ensureSession(login, name, topics)
        },
        ready: () => mosquittoAnswers(login),
        // Dapr's component doubles its delay after each failed reconnect.
        dependentsSurviveMs: 30_000,
      },
      {
        name: 'mosquitto-sessions',
        ports: {},
        after: ['mosquitto'],
        start: async () => ({
          proc: spawnDetached({
            name: 'mosquitto-sessions',
            command: process.execPath,
            args: [sessionsProgram],
            cwd: project.root,
            env: {
              MQTT_URL: url,
              SESSIONS: sessions.map(({ name }) => name).join(),
              EVERY_MS: String(renewEveryMs),
            },
            logFile: logOf('mosquitto-sessions'),
          }),
        }),
        ready: () => Promise.resolve(true),
      },
    ]
  },
})
