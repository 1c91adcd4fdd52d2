import { manifests } from '@sidecart/platform/config/manifests.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  confirmedCustomer,
  orderOf,
  type Person,
  placed,
  reaches,
  shipTo,
} from '../system/client.ts'
import {
  createTraceClient,
  drawn,
  orphansOf,
  pathOf,
  type Span,
  titleOf,
  traceWith,
} from './trace.ts'

const mug = 'MUG-ENAMEL-BLUE'
let ada: Person

beforeAll(async () => {
  ada = await confirmedCustomer()
})

/** Buys with a card, as a client that records its own span. Returns the trace once these spans are in it. */
async function bought(card: string, status: string, titles: readonly string[]) {
  const client = createTraceClient()
  const headers = { traceparent: client.traceparent }
  const traced: Person = {
    ...ada,
    ask: (method, path, body, more) => ada.ask(method, path, body, { ...headers, ...more }),
  }
  const orderId = await placed(traced, orderOf(mug, 1, card))
  await client.end()
  await reaches(ada, orderId, [status])
  return { orderId, spans: await traceWith(client.traceId, titles) }
}

const named = (spans: readonly Span[], title: string): Span[] =>
  spans
    .filter((span) => titleOf(span) === title)
    .toSorted((one, other) => one.timestamp - other.timestamp)

const only = (spans: readonly Span[], title: string): Span => {
  const [span, another] = named(spans, title)
  if (!span || another) throw new Error(`not exactly one ${title}:\n${drawn(spans)}`)
  return span
}

/** Every span hangs on the client's span, and no other app or sidecar than these has a part. */
function expectOneTree(spans: readonly Span[]): void {
  expect(orphansOf(spans)).toEqual([])
  expect(spans.filter(({ parentId }) => !parentId).map(titleOf)).toEqual([
    'CLIENT browser: click buy',
  ])
}

const servicesOf = (spans: readonly Span[]): string[] =>
  [...new Set(spans.map(({ localEndpoint }) => localEndpoint.serviceName))].sort()

const placing = [
  'SERVER orders: post /orders',
  'SERVER orders-sidecar: calllocal/orders/orders',
  'CLIENT gateway-sidecar: calllocal/orders/orders',
  'CLIENT gateway: post /orders',
  'SERVER gateway: post /orders',
  'CLIENT browser: click buy',
]
// notifications: optional
const toMail = (event: string, from: readonly string[]) => [
  'CLIENT notifications: send mail',
  `CONSUMER notifications: process ${event}`,
  `SERVER notifications: post /events/${event}`,
  `CLIENT notifications-sidecar: pubsub/${event}`,
  `PRODUCER orders: send ${event}`,
  ...from,
]
// /notifications

describe('the trace of a checkout', () => {
  let spans: Span[]
  let orderId: string

  beforeAll(async () => {
    const trace = await bought('card_approved', 'confirmed', [
      'CONSUMER carts: process orders-confirmed-v1', // carts: optional line
      'CONSUMER catalog: process orders-confirmed-v1',
      'CONSUMER notifications: process payments-charged-v1', // notifications: optional line
      'CONSUMER notifications: process orders-confirmed-v1', // notifications: optional line
    ])
    spans = trace.spans
    orderId = trace.orderId
  })

  it('is one tree under the span of the client, across all services and their sidecars', () => {
    expectOneTree(spans)
    const buying = manifests.map(({ name }) => name).filter((name) => name !== 'users')
    const all = ['browser', ...buying.flatMap((name) => [name, `${name}-sidecar`])]
    // keys of access tokens are asked for from time to time
    const found = servicesOf(spans).filter((name) => !name.startsWith('users'))
    expect(found).toEqual(all.sort())
  })

  // notifications: optional
  it('leads from the mail back through consumer, broker, outbox and saga to the client', () => {
    const [placed, confirmed] = named(spans, 'CLIENT notifications: send mail')
    expect(placed && pathOf(placed, spans)).toEqual(toMail('orders-placed-v1', placing))
    const saga = ['orders: saga', ...placing]
    expect(confirmed && pathOf(confirmed, spans)).toEqual(toMail('orders-confirmed-v1', saga))
  })
  // /notifications

  it('shows each step of the saga with the call that it made', () => {
    const reserve = only(spans, 'SERVER catalog: put /internal/reservations/:orderid')
    expect(pathOf(reserve, spans).slice(3)).toEqual([
      'CLIENT orders: put /internal/reservations/:orderid',
      'orders: saga reserve',
      'orders: saga',
      ...placing,
    ])
    const provider = only(spans, 'CLIENT payments: post /v1/charges')
    expect(pathOf(provider, spans).slice(4)).toEqual([
      'CLIENT orders: put /internal/charges/:orderid',
      'orders: saga charge',
      'orders: saga',
      ...placing,
    ])
    expect(only(spans, 'orders: saga').tags).toMatchObject({
      'order.id': orderId,
      'order.status': 'confirmed',
    })
  })

  it('has names of the services that do not depend on the order or the customer', () => {
    const own = spans.filter(({ localEndpoint }) => !localEndpoint.serviceName.endsWith('-sidecar'))
    const varying = own.map(titleOf).filter((title) => /[0-9a-f]{8}/.test(title))
    expect(varying).toEqual([])
  })

  it('holds nothing personal and no secret', () => {
    const text = JSON.stringify(spans)
    const [, token = ''] = ada.authorization.split(' ')
    for (const value of [ada.email, token, shipTo.name, shipTo.street, 'card_approved'])
      expect(text).not.toContain(value)
  })
})

describe('the trace of a charge that is retried', () => {
  it('has a run of the saga per attempt, each under the request that placed the order', async () => {
    const { spans } = await bought('card_retry', 'confirmed', [
      'CONSUMER notifications: process orders-confirmed-v1', // notifications: optional line
    ])
    expectOneTree(spans)
    const runs = named(spans, 'orders: saga')
    expect(
      runs.map(({ tags }) => [tags?.['saga.attempt'], tags?.error, tags?.['order.status']]),
    ).toEqual([
      ['1', 'unavailable', undefined],
      ['2', 'unavailable', undefined],
      ['3', undefined, 'confirmed'],
    ])
    for (const run of runs) expect(pathOf(run, spans)).toEqual(['orders: saga', ...placing])
    const charges = named(spans, 'CLIENT orders: put /internal/charges/:orderid')
    expect(charges.map(({ tags }) => tags?.['http.response.status_code'])).toEqual([
      '503',
      '503',
      '200',
    ])
    const provider = named(spans, 'CLIENT payments: post /v1/charges')
    expect(provider.map(({ tags }) => tags?.['http.response.status_code'])).toEqual([
      '503',
      '503',
      '200',
    ])
    // the steps before are not repeated
    expect(named(spans, 'orders: saga reserve')).toHaveLength(1)
    expect(named(spans, 'PRODUCER payments: send payments-charged-v1')).toHaveLength(1)
  })
})

describe('the trace of a compensation', () => {
  it('shows the declined charge, then the release, then what every consumer did', async () => {
    const { spans } = await bought('card_declined', 'cancelled', [
      'CONSUMER catalog: process orders-cancelled-v1',
      'CONSUMER notifications: process orders-cancelled-v1', // notifications: optional line
      'CONSUMER notifications: process payments-declined-v1', // notifications: optional line
    ])
    expectOneTree(spans)
    const saga = only(spans, 'orders: saga')
    const steps = spans
      .filter(({ name, parentId }) => name.startsWith('saga ') && parentId === saga.id)
      .toSorted((one, other) => one.timestamp - other.timestamp)
    expect(steps.map(({ name }) => name)).toEqual(['saga reserve', 'saga charge', 'saga release'])
    expect(saga.tags).toMatchObject({ 'order.status': 'cancelled' })
    const released = only(spans, 'SERVER catalog: delete /internal/reservations/:orderid')
    expect(pathOf(released, spans).slice(3)).toEqual([
      'CLIENT orders: delete /internal/reservations/:orderid',
      'orders: saga release',
      'orders: saga',
      ...placing,
    ])
    // notifications: optional
    const mails = named(spans, 'CLIENT notifications: send mail')
    const last = mails.at(-1)
    expect(last && pathOf(last, spans)).toEqual(
      toMail('orders-cancelled-v1', ['orders: saga', ...placing]),
    )
    // /notifications
    expect(named(spans, 'PRODUCER orders: send orders-confirmed-v1')).toEqual([])
  })
})
