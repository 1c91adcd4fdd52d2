import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '@sidecart/testing/until.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { directGateway, newCustomer, type Person } from '../system/client.ts'
import { appConfigs } from '../system/shop.ts'

/*
 * Ways to write a path that some hop on the way could read differently, from below a path of each app to what is not for
 * the outside, with every verb, as a signed-in customer, through the gateway of the running shop. Requests are written to
 * the socket as they stand: no client would send most of them.
 */

const { port, host } = new URL(directGateway)
const verbs = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']
const refusals = [400, 401, 403, 404, 405]
/** A connection that is closed without an answer: Node opens no tunnel. */
const closed = 0

/** A path of each app below which a climb starts, and what that app has for its sidecar and other apps alone. */
const hidden: Record<string, string> = {
  users: 'internal/users/018f0000-0000-7000-8000-00000000000a/addresses',
  products: 'internal/products',
  cart: 'events/orders-confirmed-v1', // carts: optional line
  orders: 'events/payments-refunded-v1',
  payments: 'internal/refunds/018f0000-0000-7000-8000-00000000000a',
  // notifications: optional
  notifications: 'events/users-contact-changed-v1',
  // /notifications
  operations: 'metrics',
  docs: 'metrics',
  assets: 'metrics',
}

const up = [
  ...['..', '%2e%2e', '%2E%2E', '.%2e', '%2E.', '%252e%252e', '%252E%252e', '%25252e%25252e'],
  ...['..;', '..;v=1', '%2e%2e;', '...', '....', '..%00', '..%20', '..%09', '..%0d%0a', '..\0'],
  ...['%c0%ae%c0%ae', '%e0%80%ae%e0%80%ae', '%ef%bc%8e%ef%bc%8e', '%u002e%u002e', '%ff%fe'],
]
const slash = ['/', '//', '%2f', '%2F', '%252f', '\\', '%5c', '%255C', ';/', '/./', '/%2e/']

const climbs = Object.entries(hidden).map(([start, target]): [string, string[]] => [
  start,
  up.flatMap((step) => slash.map((between) => `/${start}${between}${step}${between}${target}`)),
])

const sideways = (target: string): string[] => [
  ...[
    `//${target}`,
    `/./${target}`,
    `/%2e/${target}`,
    `/%2f${target}`,
    `/\\${target}`,
    `\\${target}`,
  ],
  ...[
    `/;/${target}`,
    `/${target}.`,
    `/${target}..`,
    `/${target}%00`,
    `/${target}\0`,
    `/${target}%20`,
  ],
  ...[
    `/${target}%09`,
    `/${target};`,
    `/${target};v=1`,
    `/${target}%3f`,
    `/${target}%23`,
    `/${target}#`,
  ],
  ...[`/${target}/`, `/${target}/.`, `/${target}//`, `/${target}%2f`, `/${target}\\`, target],
  ...[`/${target.toUpperCase()}`, `/${target[0]?.toUpperCase()}${target.slice(1)}`],
  `/%${target.charCodeAt(0).toString(16)}${target.slice(1)}`,
  `/%25${target.charCodeAt(0).toString(16)}${target.slice(1)}`,
  ...[`http://${host}/${target}`, `http://catalog/${target}`, `https://${host}/${target}`],
  ...[`//catalog/${target}`, `/@catalog/${target}`, `/http://catalog/${target}`, `catalog:80`, '*'],
  ...[`/v1.0/invoke/catalog/method/${target}`, `/products?/../${target}%00\0`],
]

let ada: Person
let before: string[]
beforeAll(async () => {
  ada = await newCustomer()
  before = await atRest()
}, 120_000)

const event = JSON.stringify({
  specversion: '1.0',
  id: 'forged',
  source: 'users',
  type: 'users-contact-changed-v1',
  data: {},
})

type Answer = { status: number; ms: number }

function send(verb: string, target: string, headers: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    const socket = connect(Number(port), '127.0.0.1')
    const body = ['POST', 'PUT', 'PATCH', 'DELETE'].includes(verb) ? event : ''
    const head = [
      `${verb} ${target} HTTP/1.1`,
      ...[`host: ${host}`, 'connection: close', ...headers],
      ...(body ? ['content-type: application/json', `content-length: ${body.length}`] : []),
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', reject)
    socket.on('close', () => {
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? closed)
      resolve({ status, ms: performance.now() - began })
    })
    socket.setTimeout(5_000, () => socket.destroy(new Error(`${verb} ${target}: no answer`)))
  })
}

/** Sends all, a dozen at a time. Returns the answers that are no refusals, and how long each took. */
async function attack(paths: readonly string[], headers: readonly string[]) {
  const requests = paths.flatMap((path) => verbs.map((verb) => [verb, path] as const))
  const wrong: string[] = []
  const took: number[] = []
  const queue = requests[Symbol.iterator]()
  async function work(): Promise<void> {
    for (const [verb, path] of queue) {
      const { status, ms } = await send(verb, path, headers)
      took.push(ms)
      const isRight = refusals.includes(status) || (verb === 'CONNECT' && status === closed)
      if (!isRight) wrong.push(`${verb} ${JSON.stringify(path)}: ${status}`)
    }
  }
  await Promise.all(Array.from({ length: 12 }, work))
  return { wrong, took: took.toSorted((a, b) => a - b) }
}

/**
 * How often each service answered on its routes for sidecars and other apps, as it counts them; without the one that the
 * gateway asks by itself while tokens arrive.
 */
async function hiddenAnswers(): Promise<string[]> {
  const services = appConfigs.filter(({ appID }) => appID !== 'gateway')
  const lines = services.map(async ({ appID, appPort }) => {
    const text = await (await fetch(`http://127.0.0.1:${appPort}/metrics`)).text()
    const counted =
      /^http_request_duration_seconds_count\{.*route="\/(internal\/(?!ended-sessions)|events|dapr)\b.*$/gm
    return [...text.matchAll(counted)].map(([line]) => `${appID} ${line}`)
  })
  return (await Promise.all(lines)).flat()
}

/** Events and orders of earlier tests come to rest. */
const atRest = () =>
  until(
    'nothing is under way',
    async () => {
      const before = await hiddenAnswers()
      await pause(1_000)
      const after = await hiddenAnswers()
      return after.length > 0 && after.join() === before.join() ? after : undefined
    },
    90_000,
  )

describe.each(climbs)('no climb from /%s', (_, paths) => {
  it('is answered otherwise than by a refusal, in milliseconds, and none reaches anything', async () => {
    const { wrong, took } = await attack(paths, [`authorization: ${ada.authorization}`])
    expect(wrong).toEqual([])
    expect(took[Math.floor(took.length / 2)]).toBeLessThan(100)
    expect(await hiddenAnswers()).toEqual(before)
  })
})

it('no other way to write a hidden path is answered otherwise, signed in or not', async () => {
  const paths = [...new Set(Object.values(hidden))].flatMap(sideways)
  for (const headers of [[], [`authorization: ${ada.authorization}`]]) {
    const { wrong } = await attack(paths, headers)
    expect(wrong).toEqual([])
  }
  expect(await hiddenAnswers()).toEqual(before)
})
