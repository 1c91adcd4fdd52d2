import { limitsEnvironment, readEnvironment } from '@sidecart/chassis/core/environment.ts'
import { createWorker } from '@sidecart/chassis/core/worker.ts'
import { createVerifier } from '@sidecart/chassis/http/authentication.ts'
import { createOutboxRelay } from '@sidecart/chassis/messaging/outbox.ts'
import { openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { startService } from '@sidecart/chassis/service.ts'
import { v7 as uuid } from 'uuid'
import { z } from 'zod'
import { createUsersApp } from './app.ts'
import { ShipsTo, userEvents } from './contract.ts'
import { createAccessTokens, createPasswords, refreshTokens } from './credentials.ts'
import { migrations } from './migrations/index.ts'
import { createPasswordResetWorker } from './password-reset/app.ts'
import { createSecretBox } from './second-factor/second-factor.ts'
import { demoEnvironment, seedAccounts } from './seeds.ts'
import { createUserStore, type UsersTables } from './store.ts'
import { createThrottle } from './throttle.ts'

const { DEMO_ACCOUNTS, LIMITS_FACTOR, REQUIRE_SECOND_FACTOR, SHIPS_TO } = readEnvironment({
  ...limitsEnvironment,
  ...demoEnvironment,
  /** Whose tokens have the rights of a customer until a second factor is on. */
  REQUIRE_SECOND_FACTOR: z.enum(['nobody', 'operators']).default('nobody'),
  SHIPS_TO: ShipsTo,
})
const service = await startService('users')
const { sidecar, log } = service
const database = await openDatabase<UsersTables>({
  connectionString: await sidecar.secret('users-database'),
  migrations,
  log,
})
service.onStop(database.close)

const now = () => new Date()
const store = createUserStore(database)
const passwords = createPasswords()
const accessTokens = await createAccessTokens(await sidecar.secret('jwt-keys'))
await seedAccounts({ ...store, passwords, secret: sidecar.secret, now }, DEMO_ACCOUNTS)

const app = createUsersApp({
  ...service,
  ...store,
  passwords,
  accessTokens,
  refreshTokens,
  secretBox: createSecretBox(await sidecar.secret('second-factor-key')),
  secondFactorRequired: REQUIRE_SECOND_FACTOR === 'operators' ? ['operator'] : [],
  throttle: createThrottle(store.limiters, store.networks, LIMITS_FACTOR),
  shipsTo: SHIPS_TO,
  verify: createVerifier(async () => accessTokens.published),
  ready: database.ping,
  now,
  newId: uuid,
})
const relay = createOutboxRelay({ database, sidecar, source: 'users', events: userEvents, log })
const resets = createPasswordResetWorker({ ...store, log, now })
const sweep = createWorker({
  name: 'sweep of what has expired',
  log,
  pollMs: 3_600_000,
  work: async () => {
    await store.sessions.forgetExpired(now())
    await store.confirmations.forgetExpired(now())
    await store.invitations.forgetExpired(now())
    await store.passwordResets.forgetExpired(now())
    await store.networks.forgetOld(now())
    await store.limiters.forgetExpired(now())
    return false
  },
})
service.listen(app, [relay, resets, sweep])
