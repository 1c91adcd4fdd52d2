import type { IncomingMessage } from 'node:http'
import { createVerifier, type Identity } from '@sidecart/chassis/http/authentication.ts'
import { inner } from '@sidecart/platform/config/manifests.ts'
import type { JSONWebKeySet } from 'jose'
import { type Context, Errors, type ServiceSchema } from 'moleculer'
import ApiGateway from 'moleculer-web'
import type { MakeService } from '../node.ts'

type Meta = { user?: Identity; idempotencyKey?: string }

const everybody = {
  'POST sessions': 'users.signIn',
  'POST users': 'users.register',
  'GET products': 'catalog.list',
  'GET products/:sku': 'catalog.find',
}
const signedIn = {
  'GET users/me': 'users.profile',
  'PUT users/me/preferences': 'users.setPreferences',
  'GET cart': 'carts.show', // carts: optional line
  'POST orders': 'orders.place',
  'GET orders/:orderId': 'orders.find',
}
const operators = {
  'GET products/:sku/stock': 'catalog.stock',
  'POST products/:sku/stock': 'catalog.adjustStock',
  'GET carts/dead-letters': 'carts.deadLetters', // carts: optional line
}

const makeGateway: MakeService = async ({ broker, call }) => {
  const verify = createVerifier(() => call<JSONWebKeySet>('users.keys', {}))
  const others = inner.map(({ name }) => name)

  async function identity(ctx: Context<unknown, Meta>, _: unknown, request: IncomingMessage) {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    const user = await verify(token).catch(() => {
      throw new Errors.MoleculerClientError('Sign in.', 401, 'unauthenticated')
    })
    ctx.meta.user = user
    ctx.meta.idempotencyKey = String(request.headers['idempotency-key'] ?? '')
    return user
  }

  async function operator(ctx: Context<unknown, Meta>, route: unknown, request: IncomingMessage) {
    const user = await identity(ctx, route, request)
    if (user.role !== 'operator')
      throw new Errors.MoleculerClientError('For operators.', 403, 'forbidden')
    return user
  }

  const route = (name: string, aliases: Record<string, unknown>, more: object = {}) => ({
    name,
    path: '/',
    aliases,
    mappingPolicy: 'restrict',
    bodyParsers: { json: { limit: '256kb' } },
    ...more,
  })

  const ready = async (_: unknown, response: { end(text: string): void; statusCode: number }) => {
    const there = await broker.waitForServices(others, 500).then(
      () => true,
      () => false,
    )
    response.statusCode = there ? 200 : 503
    response.end('')
  }

  const schema = {
    name: 'gateway',
    mixins: [ApiGateway as never],
    settings: {
      ip: '127.0.0.1',
      port: Number(process.env.APP_PORT),
      rateLimit: {
        window: 1_000,
        limit: 5_000,
        key: (request: IncomingMessage) => request.headers.authorization ?? '',
      },
      routes: [
        route('readiness', { 'GET readyz': ready }),
        route('operators', operators, { authentication: 'operator' }),
        route('signed in', signedIn, { authentication: 'identity' }),
        route('everybody', everybody),
      ],
    },
    methods: { identity, operator },
  }
  return schema as ServiceSchema
}
export default makeGateway
