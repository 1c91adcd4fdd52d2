import { refused } from '@sidecart/chassis/core/errors.ts'
import { v7 as uuid } from 'uuid'
import { userEvents } from '../../../services/users/contract.ts'
import {
  accessTokenSeconds,
  createAccessTokens,
  createPasswords,
  refreshTokens,
} from '../../../services/users/credentials.ts'
import { changeContact, openSession, registerConfirmed } from '../../../services/users/domain.ts'
import { migrations } from '../../../services/users/migrations/index.ts'
import { seedAccounts } from '../../../services/users/seeds.ts'
import { createUserStore, type UsersTables } from '../../../services/users/store.ts'
import { type MakeService, told } from '../node.ts'

const makeUsers: MakeService = async ({ outside, database, relay }) => {
  const tables = await database<UsersTables>(migrations)
  const store = createUserStore(tables)
  const passwords = createPasswords()
  const accessTokens = await createAccessTokens(await outside.secret('jwt-keys'))
  await seedAccounts({ ...store, passwords, secret: outside.secret, now: () => new Date() }, true)
  relay(tables, userEvents)

  async function signIn(email: string, password: string) {
    const { owner: known } = await store.credentials.of(email)
    if (!known || !(await passwords.match(password, known.passwordHash)))
      throw refused('wrong-credentials', 'No account has this e-mail and password.')
    const { token, hash } = refreshTokens.create()
    await store.sessions.open(openSession(uuid(), known.user.userId, new Date()), hash)
    const accessToken = await accessTokens.issue(known.user, new Date())
    return { accessToken, refreshToken: token, expiresIn: accessTokenSeconds }
  }

  return {
    name: 'users',
    actions: {
      keys: () => accessTokens.published,
      register: {
        params: { email: 'email', password: 'string|min:10', name: 'string|min:1' },
        async handler(ctx) {
          const { password, ...person } = ctx.params
          const someone = { userId: uuid(), ...person, now: new Date() }
          const registration = registerConfirmed(someone, 'customer')
          const hash = await passwords.hash(password)
          const { userId } = await told(store.users.add(registration, hash))
          ctx.meta.$statusCode = 201
          ctx.meta.$location = '/users/me'
          return { userId }
        },
      },
      signIn: {
        params: { email: 'string', password: 'string' },
        handler: (ctx) => told(signIn(ctx.params.email, ctx.params.password)),
      },
      profile: (ctx) => store.users.find(ctx.meta.user.userId),
      setPreferences: {
        params: { orderUpdates: 'boolean', paymentUpdates: 'boolean', marketing: 'boolean' },
        handler: (ctx) =>
          told(
            store.users.update(ctx.meta.user.userId, (user) =>
              changeContact(user, { preferences: ctx.params }),
            ),
          ),
      },
    },
  }
}
export default makeUsers
