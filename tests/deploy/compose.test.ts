import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { awaitToken, caughtMails } from '@sidecart/client/mail-catcher.ts'
import {
  asOperator,
  type OrderResult,
  type ShopClient,
  ShopProblem,
  signIn,
} from '@sidecart/client/shop-client.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { gatewayApp } from '@sidecart/platform/config/instances.ts'
import { uses, usesBroker } from '@sidecart/platform/config/manifest.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { databases } from '@sidecart/platform/config/secrets.ts'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filesBelow, importsOf } from '../architecture/tree.ts'
import { outageSeconds } from '../outage/seconds.ts'
import { type Engine, openEngine } from './engine.ts'
import { openRegistry } from './registry.ts'
import { expectNoRights } from './rights.ts'
import { asksStatus, connects } from './scripts.ts'
import { type ContainerShop, openContainers } from './shop.ts'

/**
 * The whole shop in containers, built from what a clone holds, on a Docker engine. Where none can be had everything here
 * is skipped, with the reason; where all parts are required that is a failure.
 */
const root = join(import.meta.dirname, '../..')
const appConfigs = readRunFile(join(root, 'dapr.yaml'))
const apps = appConfigs.map(({ appId }) => appId)
const manifestOf = (app: string) => {
  const found = manifests.find(({ name }) => name === app)
  if (!found) throw new Error(`no manifest of ${app}`)
  return found
}
const required = Boolean(process.env.SIDECART_REQUIRE_ALL)
const awayMs = outageSeconds * 1_000
const mug = 'MUG-ENAMEL-BLUE'
const rotationMs = 1_200_000
const appTokens = ['APP_API_TOKEN', 'DAPR_API_TOKEN', 'METRICS_TOKEN']
/** Secrets that deploy/rotate.sh replaces, beside the logins of databases and the tokens of apps. */
const replaced = ['broker-url', 'postgres-superuser', 'provider-api-key', 'jwt-keys']

let engine: Engine | undefined
const missing = await openEngine().then(
  (opened) => {
    engine = opened
    return ''
  },
  (error: Error) => {
    if (required) throw error
    return ` [not tried: ${error.message.replaceAll('\n', ' ')}]`
  },
)
const restart = engine?.restart
const foreign =
  missing || restart
    ? missing
    : ' [not tried: this Docker engine runs for others, too: stop it, and root starts one of its own]'

describe.skipIf(missing)(`docker compose up --build --wait${missing}`, () => {
  let shop: ContainerShop

  beforeAll(async () => {
    shop = await openContainers(engine as Engine)
  })
  afterAll(async () => {
    await shop?.down()
    await engine?.close()
  })

  it('builds and starts a clean clone that only its owner can read', async () => {
    await shop.healthy(1_000)
    expect((await fetch(`${shop.gateway}/`)).headers.get('content-type')).toContain('text/html')
  })

  it('confirms the order of deploy/README.md, typed as it stands there', async () => {
    const [script = ''] = blocks('deploy/README.md').filter((block) => block.includes('/orders'))
    expect(await shop.shell(script)).toContain('"status":"confirmed"')
    await verified()
  })

  it('has no demo accounts, and gets its operator by an invitation', async () => {
    const operators = (...args: string[]) =>
      shop.compose(['run', '--rm', 'operators', ...args, '--json'])
    expect(JSON.parse(await operators('list'))).toEqual({ operators: [], invitations: [] })
    const [email, password] = [`${randomUUID()}@example.com`, randomUUID()]
    const { link } = JSON.parse(await operators('invite', email))
    expect(new URL(link).origin).toBe(shop.gateway)
    await post('/invitations', { token: new URL(link).hash.slice(1), name: 'Olga', password })
    const olga = await signIn(shop.gateway, email, password)
    expect(await olga.ask('GET', '/orders/sagas')).toBeDefined()
    expect(JSON.parse(await operators('list')).operators).toMatchObject([{ email }])
    const printed = await shop.compose(['run', '--rm', 'accounts'])
    for (const [, demo = '', secret = ''] of printed.matchAll(/^(\S+@\S+)\s+(\S+)/gm))
      await expect(signIn(shop.gateway, demo, secret)).rejects.toThrow()
    expect(JSON.parse(await operators('revoke', email))).toMatchObject({ wasOperator: true })
  })

  it('runs every container without rights: read-only, no capability, limits, no root', async () => {
    await expectNoRights(shop)
  })

  it.each(apps)('runs %s from an image with its own files and packages only', async (app) => {
    type Content = { files: string[]; packages: string[] }
    const { files, packages } = await shop.node<Content>(app, listsShop)
    const foreign = files.filter((file) => !isOwnFile(file, app))
    // contracts, and what these import
    expect(
      foreign.filter((file) => /(^|\/)(main|app|store|domain|clients)\.ts$/.test(file)),
    ).toEqual([])
    const code = foreign.filter((file) => !/^services\/[a-z]+\/package\.json$/.test(file))
    expect(code.filter((file) => !ofContracts.has(file))).toEqual([])
    expect(files.filter((file) => /\.(test|suite)\.ts$/.test(file))).toEqual([])
    expect(packages).toContain('pg')
    expect(packages.filter((name) => !needsOf(app).has(name))).toEqual([])
  })

  it('publishes two ports, to this machine only', async () => {
    const ports = await shop.inspect('{{json .HostConfig.PortBindings}}')
    const hosts = ports.flatMap((line) => Object.values(JSON.parse(line) ?? {}).flat())
    expect(hosts).toHaveLength(2)
    for (const { HostIp } of hosts as { HostIp: string }[]) expect(HostIp).toBe('127.0.0.1')
  })

  describe('a compromised container', () => {
    it.each(apps)(
      'of the app or the sidecar of %s reaches what it needs, and nothing else',
      // on a busy machine a connection may come too late; one that must not be there would be there each time
      { retry: 2 },
      async (app) => {
        const targets = await listeners()
        const from = async (service: string) => {
          const open = await shop.node<string[]>(service, connects, targets)
          return [...new Set(open)].filter((target) => !target.startsWith(`${service}:`)).sort()
        }
        const manifest = manifestOf(app)
        const { position: number, database: hasDatabase } = manifest
        expect(await from(app), app).toEqual(
          [
            `${app}-dapr:${3500 + number}`,
            `${app}-dapr:${3600 + number}`,
            ...(hasDatabase ? ['postgres:5432'] : []),
            ...(manifest.container?.networks?.includes('provider') ? ['provider:8090'] : []),
          ].sort(),
        )
        const others = apps.filter((other) => other !== app)
        expect(await from(`${app}-dapr`), `${app}-dapr`).toEqual(
          [
            `${app}:${8080 + number}`,
            ...others.map((other) => `${other}-dapr:50002`),
            'scheduler:50006',
            'sentry:50001',
            ...(usesBroker(manifest) ? ['nats:4222'] : []),
            ...(hasDatabase || uses('statestore', manifest) ? ['postgres:5432'] : []),
            ...(uses('email', manifest) ? ['mail:1040', 'mail:8040'] : []),
          ].sort(),
        )
      },
    )

    // carts: optional
    it('of carts finds no other service by name', async () => {
      const names = [
        'postgres',
        'nats',
        'provider',
        'mail',
        'orders',
        'orders-dapr',
        'orders.mesh',
        'sentry',
      ]
      expect(await shop.node('carts', resolves, names)).toEqual([])
      expect(await shop.node('carts', resolves, ['sidecar'])).toEqual(['sidecar'])
    })
    // /carts

    it.each(apps)('of %s holds its own secrets and no others', async (app) => {
      const files = await shop.node<Record<string, string>>(`${app}-dapr`, reads, '/shop/.sidecart')
      expect(Object.keys(files).sort()).toEqual(['env', 'identity.jwt', 'secrets.json'])
      expect(files.env).not.toContain('METRICS_TOKEN')
      const manifest = manifestOf(app)
      const needed = [
        ...(usesBroker(manifest) ? ['broker-url'] : []),
        ...(manifest.database ? [`${app}-database`] : []),
        ...(uses('statestore', manifest) ? ['state-database'] : []),
        ...(manifest.secrets ?? []),
      ]
      expect(Object.keys(JSON.parse(files['secrets.json'] ?? '')).sort()).toEqual(needed.sort())
      const ofApp = await shop.node<Record<string, string>>(app, reads, '/run/sidecart')
      expect(Object.keys(ofApp)).toEqual(['env'])
      expect(ofApp.env?.match(/^\w+/gm)?.sort()).toEqual(appTokens)
    })

    it('has no token in common with another', async () => {
      const envs = await Promise.all(
        apps.map((app) => shop.node<Record<string, string>>(app, reads, '/run/sidecart')),
      )
      const tokens = envs.flatMap(({ env = '' }) => env.match(/'[^']+'/g) ?? [])
      expect(new Set(tokens).size).toBe(appTokens.length * apps.length)
    })

    // carts: optional
    it('of carts can use its broker login for nothing but its own topics', async () => {
      const { replies } = await asBrokerUser('carts', [
        'PUB orders-confirmed-v1 2\r\n{}',
        'PUB payments-refunded-v1 2\r\n{}',
        'PUB orders-dead-letters-v1 2\r\n{}',
        'PUB $JS.API.STREAM.MSG.GET.events _INBOX.me 12\r\n{"last_by_seq":1}'.replace(' 12', ' 17'),
        'PUB $JS.API.DIRECT.GET.events _INBOX.me 2\r\n{}',
        'PUB $JS.API.STREAM.PURGE.events _INBOX.me 2\r\n{}',
        'PUB $JS.API.STREAM.DELETE.events _INBOX.me 2\r\n{}',
        'PUB $JS.API.STREAM.UPDATE.events _INBOX.me 2\r\n{}',
        'PUB $JS.API.CONSUMER.CREATE.events _INBOX.me 2\r\n{}',
        'PUB $JS.API.CONSUMER.CREATE.events.mine.orders-placed-v1 _INBOX.me 2\r\n{}',
        'PUB $JS.API.CONSUMER.CREATE.events.carts-orders-confirmed-v1.orders-placed-v1 _INBOX.me 2\r\n{}',
        'PUB $JS.API.CONSUMER.DELETE.events.notifications-orders-placed-v1 _INBOX.me 2\r\n{}',
        'PUB $JS.ACK.events.notifications-orders-placed-v1.1.1.1.1.0 4\r\n+ACK',
        'SUB orders-placed-v1 1',
        'SUB > 2',
        'SUB $JS.EVENT.> 3',
      ])
      expect(replies).toEqual(Array.from({ length: 16 }, () => 'Permissions Violation'))
    })
    // /carts

    // carts: optional
    it('of carts may still ask the broker for its own stream', async () => {
      const { replies } = await asBrokerUser('carts', [
        'PUB $JS.API.STREAM.NAMES _INBOX.me 2\r\n{}',
      ])
      expect(replies).toEqual([''])
    })
    // /carts

    // carts: optional
    it('of carts gets no identity but its own from sentry', async () => {
      expect(await identityAs('carts')).toContain('Security is initialized successfully')
      const stolen = await identityAs('orders')
      expect(stolen).toContain('PermissionDenied')
      expect(stolen).not.toContain('Security is initialized')
      const bare = await identityAs('carts', 'unset DAPR_SENTRY_TOKEN_FILE')
      expect(bare).toContain('failed to retrieve the initial identity')
    })
    // /carts
  })

  describe('comes back by itself', () => {
    it.skipIf(foreign)(`after a restart of the Docker daemon${foreign}`, async () => {
      await restart?.()
      await shop.healthy(180_000)
      await ordered()
      await verified()
    })

    it.skipIf(foreign)(`after all its processes died at once${foreign}`, async () => {
      const before = await shop.containers()
      for (const { pid } of before.filter(({ running }) => running)) process.kill(pid, 'SIGKILL')
      const isAnother = async () => {
        const now = await shop.containers()
        return now.every(({ pid, running }) => !running || before.every((one) => one.pid !== pid))
      }
      await until('every process is another', isAnother, 60_000, 500)
      await shop.healthy(180_000)
      await ordered()
      await verified()
    })

    it(`after the broker was away for ${outageSeconds} s: events flow within a minute`, {
      timeout: awayMs + 300_000,
    }, async () => {
      const ada = await confirmed()
      const nobody = await shop.nobodyAt('nats', 'broker')
      await shop.compose(['stop', 'nats'])
      const stoppedAt = Date.now()
      const orderIds: string[] = []
      while (Date.now() < stoppedAt + awayMs) {
        orderIds.push((await ordered(ada)).orderId)
        await pause(10_000)
      }
      expect(await mailsAbout(orderIds)).toBe(0)
      await nobody.leave()
      await shop.compose(['start', 'nats'])
      await until(
        `the mails of ${orderIds.length} orders come that were confirmed meanwhile`,
        async () => (await mailsAbout(orderIds)) === orderIds.length,
        60_000,
        1_000,
      )
      const after = await ordered(ada)
      const arrives = async () => (await mailsAbout([after.orderId])) === 1
      await until('events of a new order flow', arrives, 30_000, 1_000)
      await verified()
      await shop.healthy(60_000)
    })
  })

  describe('replaces its secrets by deploy/rotate.sh while orders flow', () => {
    type Held = { secrets: Record<string, string>; envs: Record<string, string> }
    let before: Held
    let after: Held
    let customer: ShopClient
    let placed: (string | Error)[]

    beforeAll(async () => {
      before = await held()
      customer = await newcomer()
      const { gateway } = shop
      const operator = asOperator({ gateway, signingKeys: before.secrets['jwt-keys'] ?? '' })
      await operator.ask('POST', `/products/${mug}/stock`, { delta: 2_000, reason: 'stock-taking' })
      const done = new AbortController()
      const selling = sell(done.signal)
      try {
        await shop.shell('deploy/rotate.sh keys && deploy/rotate.sh all', rotationMs)
      } finally {
        done.abort()
        placed = await selling
      }
      after = await held()
    }, 2 * rotationMs)

    it('accepts every order meanwhile, and completes each', async () => {
      expect(placed.length).toBeGreaterThan(50)
      expect(placed.filter((one) => one instanceof Error)).toEqual([])
      const confirmed = async (orderId: string) =>
        (await customer.ask('GET', `/orders/${orderId}`)).status === 'confirmed'
      for (const orderId of placed as string[]) {
        await until(`${orderId} is confirmed`, () => confirmed(orderId), 60_000, 500)
        // below the gateway's limit per client
        await pause(20)
      }
      await verified()
      await shop.healthy(60_000)
    })

    it('leaves no secret as it was that can be replaced', () => {
      const names = [...databases.map((name) => `${name}-database`), ...replaced]
      const kept = names.filter((name) => after.secrets[name] === before.secrets[name])
      expect(kept).toEqual([])
      expect(apps.filter((app) => after.envs[app] === before.envs[app])).toEqual([])
    })

    it('closes the old logins at the databases', async () => {
      const logins = ({ secrets }: Held) => {
        const superuser = new URL(secrets['orders-database'] ?? '')
        superuser.username = 'postgres'
        superuser.password = secrets['postgres-superuser'] ?? ''
        superuser.pathname = '/postgres'
        return [secrets['orders-database'], superuser.href]
      }
      expect(await shop.node('orders', signsInAtPostgres, logins(before))).toEqual([false, false])
      expect(await shop.node('orders', signsInAtPostgres, logins(after))).toEqual([true, true])
    })

    it('closes the old logins at the broker', async () => {
      const url = ({ secrets }: Held) => secrets['broker-url']
      const ask = (held: Held) => shop.node('orders-dapr', signsInAtNats, url(held))
      expect(await ask(before)).toBe(false)
      expect(await ask(after)).toBe(true)
    })

    it('takes the old tokens and the old key of the provider from everybody', async () => {
      const token = ({ envs }: Held) => /DAPR_API_TOKEN='([^']+)'/.exec(envs.payments ?? '')?.[1]
      const path = '/v1.0/invoke/users/method/.well-known/jwks.json'
      const url = `http://sidecar:${3500 + manifestOf('payments').position}${path}`
      const ask = (headers: object) =>
        shop.node<number>('payments', asksStatus, { url, init: { headers } })
      expect(await ask({ 'dapr-api-token': token(before) })).toBe(401)
      expect(await ask({ 'dapr-api-token': token(after) })).toBe(200)
      const charge = ({ secrets }: Held) => {
        const headers = {
          authorization: `Bearer ${secrets['provider-api-key']}`,
          'content-type': 'application/json',
        }
        const init = { method: 'POST', headers, body: '{}' }
        const charges = 'http://provider:8090/v1/charges'
        return shop.node<number>('payments', asksStatus, { url: charges, init })
      }
      expect(await charge(before)).toBe(401)
      expect(await charge(after)).not.toBe(401)
    })

    it('retires the old signing key, and with it each token that the key signed', async () => {
      await customer.ask('GET', '/users/me')
      await expect(shop.shell('deploy/rotate.sh keys retire')).rejects.toThrow(/are good until/)
      await shop.shell('deploy/rotate.sh keys retire --force')
      const isRefused = () =>
        customer.ask('GET', '/users/me').then(
          () => false,
          (error) => error instanceof ShopProblem && error.status === 401,
        )
      await until('the old token is refused', isRefused, 90_000, 1_000)
      await ordered()
    })

    /** Every secret, and the tokens of each app. */
    async function held(): Promise<Held> {
      const print = [
        'run',
        '--rm',
        '--entrypoint',
        'cat',
        'accounts',
        '/shop/.sidecart/secrets.json',
      ]
      const envs = await Promise.all(
        apps.map(async (app) => {
          const { env = '' } = await shop.node<Record<string, string>>(app, reads, '/run/sidecart')
          return [app, env] as const
        }),
      )
      return { secrets: JSON.parse(await shop.compose(print)), envs: Object.fromEntries(envs) }
    }

    async function sell(done: AbortSignal): Promise<(string | Error)[]> {
      const orders: Promise<string | Error>[] = []
      while (!done.aborted) {
        orders.push(orderPatiently().catch((error: Error) => error))
        await pause(2_000)
      }
      return Promise.all(orders)
    }

    /** Orders as a browser does: with the same key again while a container starts. */
    async function orderPatiently(): Promise<string> {
      const idempotencyKey = randomUUID()
      const order = { sku: mug, quantity: 1, card: 'card_approved', idempotencyKey }
      const place = () =>
        customer.placeOrder(order).catch((error: Error) => {
          if (error instanceof ShopProblem && error.status !== 503) throw error
          return undefined
        })
      return (await until('an order is accepted', place, 60_000, 1_000)).orderId
    }
  })

  it.skipIf(foreign)(`runs from digests after deploy/pin-images.sh${foreign}`, async () => {
    const given = await shop.inspect('{{.Config.Image}}')
    const servers = [...new Set(given)].filter((image) => image.includes(':'))
    const images = [...servers, ...baseImages('deploy/Dockerfile')]
    const registry = await openRegistry(engine as Engine, images)
    try {
      const files = ['--file', 'docker-compose.yml', '--file', 'docker-compose.pinned.yml']
      await shop.shell('deploy/pin-images.sh')
      const pinned = await shop.shell('cat docker-compose.pinned.yml')
      for (const image of images)
        expect(pinned).toContain(`${image}@${await registry.digest(image)}`)
      await shop.compose([...files, 'up', '--build', '--wait', '--quiet-pull'])
      const now = await shop.inspect('{{.Config.Image}}')
      expect(now.filter((image) => image.includes(':') && !image.includes('@sha256:'))).toEqual([])
      await ordered()
      await verified()
    } finally {
      await registry.close()
    }
  })

  async function ordered(by?: ShopClient): Promise<OrderResult> {
    const customer = by ?? (await patientNewcomer())
    const order = await customer.orderToRest(
      { sku: mug, quantity: 1, card: 'card_approved' },
      60_000,
    )
    expect(order.status).toBe('confirmed')
    return order
  }

  /** Posts to the gateway. @throws Error unless the answer is a success */
  async function post(path: string, body: object): Promise<void> {
    const answer = await fetch(`${shop.gateway}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  }

  async function newcomer(email = `${randomUUID()}@example.com`): Promise<ShopClient> {
    const password = randomUUID()
    await post('/users', { email, password, name: 'Ada' })
    return signIn(shop.gateway, email, password)
  }

  const patientNewcomer = (): Promise<ShopClient> =>
    until('a customer registers', () => newcomer().catch(() => undefined), 30_000, 500)

  /** A customer who gets mails: the address is confirmed. */
  async function confirmed(): Promise<ShopClient> {
    const email = `${randomUUID()}@example.com`
    const customer = await newcomer(email)
    await post('/confirmations', { token: await awaitToken(shop.inbox, email) })
    return customer
  }

  async function verified(): Promise<void> {
    let last = ''
    const clean = async () => {
      last = await shop.compose(['run', '--rm', 'verify']).catch((error: Error) => error.message)
      return /^✓/m.test(last) && !/^✗/m.test(last)
    }
    await until('all checks hold', clean, 90_000, 1_000).catch((error: Error) => {
      throw new Error(`${error.message}\n${last}`)
    })
  }

  /** Returns how many of these orders have a mail with their confirmation. */
  async function mailsAbout(orderIds: readonly string[]): Promise<number> {
    const mails = (await caughtMails(shop.inbox)).filter(({ subject }) =>
      /is confirmed/.test(subject),
    )
    const texts = mails.map(({ text, html }) => `${text ?? ''} ${html ?? ''}`)
    return orderIds.filter((orderId) => texts.some((text) => text.includes(orderId))).length
  }

  /** Every address and port at which a container listens for somebody. */
  async function listeners(): Promise<{ name: string; host: string; port: number }[]> {
    const ports: Record<string, number[]> = {
      postgres: [5432],
      nats: [4222, 8222],
      provider: [8090],
      mail: [1040, 8040],
      sentry: [50001],
      scheduler: [50006],
    }
    for (const [number, app] of apps.entries()) {
      ports[app] = [8080 + number]
      ports[`${app}-dapr`] = [...[3500, 3600, 3800].map((port) => port + number), 50002]
    }
    return (await shop.containers()).flatMap(({ service, addresses }) =>
      addresses.flatMap((host) =>
        (ports[service] ?? []).map((port) => ({ name: `${service}:${port}`, host, port })),
      ),
    )
  }

  // carts: optional
  /** What the broker says to each command of a user, from inside the user's sidecar. */
  function asBrokerUser(app: string, commands: readonly string[]): Promise<{ replies: string[] }> {
    return shop.node(`${app}-dapr`, speaksNats, commands)
  }
  // /carts

  // carts: optional
  /** What daprd logs when a process in the container of the sidecar of carts starts one for another app. */
  async function identityAs(app: string, first = ''): Promise<string> {
    const script = `export NAMESPACE=default DAPR_SENTRY_TOKEN_FILE=/shop/.sidecart/identity.jwt
      export DAPR_TRUST_ANCHORS="$(cat /run/sidecart/trust/ca.crt)"; ${first}
      timeout 20 daprd --app-id ${app} --enable-mtls --sentry-address sentry:50001 --dapr-http-port 9500 \
        --dapr-grpc-port 9501 --dapr-internal-grpc-port 9502 --metrics-port 9503 2>&1 || true`
    return shop.compose(['exec', '-T', 'carts-dapr', 'bash', '-c', script])
  }
  // /carts
})

// carts: optional
const resolves = `
import { Resolver } from 'node:dns/promises'
const resolver = new Resolver({ timeout: 1000, tries: 1 })
const found = await Promise.all(input.map((name) => resolver.resolve4(name).then(() => name, () => '')))
console.log(JSON.stringify(found.filter(Boolean)))`
// /carts

const reads = `
import { readdirSync, readFileSync } from 'node:fs'
const files = readdirSync(input).map((name) => [name, readFileSync(input + '/' + name, 'utf8')])
console.log(JSON.stringify(Object.fromEntries(files)))`

/** The files of the project, and the packages, in the image of a service. */
const listsShop = `
import { globSync } from 'node:fs'
const all = globSync('/shop/**/*', { withFileTypes: true, exclude: ({ name }) => name === 'node_modules' })
const files = all.filter((entry) => entry.isFile()).map((entry) => (entry.parentPath + '/' + entry.name).slice('/shop/'.length))
const packages = globSync(['*', '@*/*'], { cwd: '/shop/node_modules' }).filter((name) => /^[^@.][^/]*$|^@.+[/]/.test(name))
console.log(JSON.stringify({ files, packages }))`

const signsInAtPostgres = `
import pg from 'pg'
const answers = []
for (const connectionString of input) {
  const client = new pg.Client({ connectionString })
  answers.push(await client.connect().then(() => client.end()).then(() => true, () => false))
}
console.log(JSON.stringify(answers))`

const signsInAtNats = `
import { connect } from 'node:net'
const url = new URL(input)
const socket = connect(Number(url.port), url.hostname)
socket.write('CONNECT ' + JSON.stringify({ user: url.username, pass: url.password, verbose: false }) + '\\r\\nPING\\r\\n')
let text = ''
for await (const data of socket) {
  text += data
  if (/PONG|Authorization Violation/.test(text)) break
}
console.log(JSON.stringify(text.includes('PONG')))`

// carts: optional
/** Sends commands one after another, each with a PING: what comes before the PONG is the reply. */
const speaksNats = `
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
const url = new URL(JSON.parse(readFileSync('/shop/.sidecart/secrets.json'))['broker-url'])
const socket = connect(Number(url.port), url.hostname)
let text = ''
socket.on('data', (data) => { text += data })
const pong = async () => {
  while (!text.includes('PONG')) await new Promise((resolve) => setTimeout(resolve, 10))
  const reply = /'(Permissions Violation)[^']*'/.exec(text)?.[1] ?? ''
  text = ''
  return reply
}
const login = { user: url.username, pass: url.password, verbose: false }
socket.write('CONNECT ' + JSON.stringify(login) + '\\r\\nPING\\r\\n')
await pong()
const replies = []
for (const command of input) {
  socket.write(command + '\\r\\nPING\\r\\n')
  replies.push(await pong())
}
socket.destroy()
console.log(JSON.stringify({ replies }))`
// /carts

const isOwnFile = (file: string, app: string): boolean =>
  ['package.json', 'package-lock.json'].includes(file) ||
  ['packages/chassis/', `services/${app}/`].some((folder) => file.startsWith(folder)) ||
  (app === gatewayApp && file.startsWith('web/dist/'))

/** The contracts of all services, and every file that these import. */
const ofContracts = new Set<string>()
function followContract(file: string): void {
  if (ofContracts.has(file)) return
  ofContracts.add(file)
  for (const { target } of importsOf(file)) if (target.endsWith('.ts')) followContract(target)
}
for (const file of filesBelow('services', /^services\/[a-z]+\/contract\.ts$/)) followContract(file)

type LockEntry = Record<'dependencies' | 'optionalDependencies' | 'peerDependencies', object>

/** Names of the packages that a service and the chassis need at run time, by the lock file. */
function needsOf(app: string): Set<string> {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const entries = Object.entries<Partial<LockEntry>>(packages)
  const needs = new Set<string>()
  const follow = ({ dependencies, optionalDependencies, peerDependencies }: Partial<LockEntry>) => {
    const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
    for (const name of names.filter((one) => !needs.has(one))) {
      needs.add(name)
      for (const [path, entry] of entries) if (path.endsWith(`node_modules/${name}`)) follow(entry)
    }
  }
  follow(packages['packages/chassis'])
  follow(packages[`services/${app}`])
  // contracts import those of others
  for (const { name } of manifests) needs.add(`@sidecart/${name}`)
  return needs.add('@sidecart/chassis')
}

/** The images that a Dockerfile starts from. */
function baseImages(dockerfile: string): string[] {
  const text = readFileSync(join(root, dockerfile), 'utf8')
  return [...text.matchAll(/^ARG \w+_IMAGE=(\S+)$/gm)].map(([, image = '']) => image)
}

/** The shell blocks of a page. */
function blocks(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block)
}
