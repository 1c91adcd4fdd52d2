import { randomBytes } from 'node:crypto'
import type { App } from '@sidecart/chassis/http/app.ts'
import { createVerifier } from '@sidecart/chassis/http/authentication.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { exportJWK, generateKeyPair } from 'jose'
import { v7 as uuid } from 'uuid'
import { createUsersApp, type UsersPorts } from './app.ts'
import type { Confirmation } from './confirmation-contract.ts'
import { createAccessTokens, createPasswords, refreshTokens } from './credentials.ts'
import { migrations } from './migrations/index.ts'
import { createSecretBox } from './second-factor/second-factor.ts'
import { createUserStore, type UsersTables } from './store.ts'
import { createThrottle } from './throttle.ts'

export type Answer = { status: number; headers: Headers; body: Record<string, unknown> }

/** The service on a database of its own, without a sidecar: what the integration tests talk to. */
export async function startUsers({ url, dispose }: { url: string; dispose(): Promise<void> }) {
  const lines: string[] = []
  const log = createLog('users', 'trace', { write: (line) => void lines.push(line) })
  const database = await openDatabase<UsersTables>({ connectionString: url, migrations, log })
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const accessTokens = await createAccessTokens(JSON.stringify([await exportJWK(privateKey)]))
  const clock = { now: new Date() }
  const store = createUserStore(database)
  const passwords = createPasswords()
  const secretBox = createSecretBox(randomBytes(32).toString('base64url'))
  const instance = (ports: Partial<UsersPorts> = {}) =>
    createUsersApp({
      ...store,
      passwords,
      accessTokens,
      refreshTokens,
      secretBox,
      shipsTo: ['DE', 'FR', 'GB', 'HK'],
      throttle: createThrottle(createUserStore(database).limiters, store.networks),
      verify: createVerifier(
        async () => accessTokens.published,
        () => clock.now.getTime(),
      ),
      log,
      now: () => clock.now,
      newId: uuid,
      ...ports,
    })
  const ask = askOf(instance())
  /** Another process of the service, with the same database and keys. */
  const anotherInstance = (ports?: Partial<UsersPorts>) => ({ ask: askOf(instance(ports)) })

  /** Registers and signs in somebody nobody else is. */
  async function somebody() {
    const email = `${uuid()}@example.com`
    const registered = await ask('POST', '/users', { body: { email, name: 'Ada', password } })
    return { userId: String(registered.body.userId), email, ...(await signIn(email)) }
  }

  async function signIn(email: string) {
    const { body } = await ask('POST', '/sessions', { body: { email, password } })
    return { token: String(body.accessToken), refreshToken: String(body.refreshToken) }
  }

  /** Returns the token that a mail about the newest request of a user would carry. */
  async function linkOf(userId: string): Promise<string> {
    const due = (await emitted(userId)).flatMap(
      ({ data }) => (data.confirmation ?? []) as Confirmation,
    )
    const confirmationId = due.at(-1)?.confirmationId
    const { body } = await ask('POST', '/internal/confirmations', { body: { confirmationId } })
    return String(body.token)
  }

  /** Looks for the accounts of all requests, as the worker does. */
  async function announceResets(): Promise<void> {
    while (await store.passwordResets.announceNext(clock.now));
  }

  /** Returns the ids of mails with a link to another password that are due to a user. */
  const resetsDue = async (userId: string): Promise<string[]> =>
    (await emitted(userId)).flatMap(({ data }) =>
      data.passwordReset ? [(data.passwordReset as { resetId: string }).resetId] : [],
    )

  const confirm = async (userId: string) =>
    ask('POST', '/confirmations', { body: { token: await linkOf(userId) } })

  const emitted = async (userId: string) =>
    (await database.rows.selectFrom('outbox').selectAll().orderBy('id').execute())
      .map(({ topic, data }) => ({ topic, data: data as unknown as Record<string, unknown> }))
      .filter(({ data }) => data.userId === userId)

  const stop = async () => {
    await database.close()
    await dispose()
  }
  const wait = (seconds: number) => {
    clock.now = new Date(clock.now.getTime() + seconds * 1000)
  }
  return {
    ...store,
    passwords,
    accessTokens,
    database,
    lines,
    clock,
    wait,
    ask,
    anotherInstance,
    somebody,
    signIn,
    linkOf,
    confirm,
    announceResets,
    resetsDue,
    emitted,
    stop,
  }
}

const askOf =
  (app: App) =>
  async (method: string, path: string, options: Asked = {}): Promise<Answer> => {
    const { token, client = uuid(), headers } = options
    const reply = await app.request(path, {
      method,
      headers: {
        'x-client-address': client,
        ...headers,
        ...(token && { authorization: `Bearer ${token}` }),
        ...('body' in options && { 'content-type': 'application/json' }),
      },
      ...('body' in options && { body: JSON.stringify(options.body) }),
    })
    const text = await reply.text()
    return { status: reply.status, headers: reply.headers, body: text ? JSON.parse(text) : {} }
  }

type Asked = {
  body?: unknown
  token?: string
  client?: string
  headers?: Record<string, string>
}

export const password = 'correct horse battery'
