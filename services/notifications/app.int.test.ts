import type { OutboxMessage } from '@sidecart/chassis/contract/event.ts'
import { euro } from '@sidecart/chassis/contract/money.ts'
import { refused } from '@sidecart/chassis/core/errors.ts'
import type { Identity } from '@sidecart/chassis/http/authentication.ts'
import { createDeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import { createInbox } from '@sidecart/chassis/messaging/inbox.ts'
import { type Database, openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { orderEvents } from '@sidecart/orders/contract.ts'
import { paymentEvents } from '@sidecart/payments/contract.ts'
import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { databaseTraffic } from '@sidecart/testing/database-traffic.ts'
import { userEvents } from '@sidecart/users/contract.ts'
import { pino } from 'pino'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createNotificationsApp, notificationsHandlers } from './app.ts'
import type { Notification } from './contract.ts'
import { attemptsAllowed, type Delivery } from './domain.ts'
import { migrations } from './migrations/index.ts'
import type { IssuedLink, Links, MailGateway } from './ports.ts'
import { createHeldMailReaper, createSender, createStaleSendReaper } from './sender.ts'
import { createNotificationStore, type NotificationsTables } from './store.ts'

const log = pino({ level: 'silent' })
const shopUrl = 'https://shop.example'
const operator: Identity = { userId: uuid(), role: 'operator' }
const preferences = { orderUpdates: true, paymentUpdates: true, marketing: false }

let place: TestDatabase
let database: Database<NotificationsTables>
let clock: Date

beforeAll(async () => {
  place = await testDatabase('notifications')
  database = await openDatabase<NotificationsTables>({
    connectionString: place.url,
    migrations,
    log,
  })
})
afterAll(async () => {
  await database.close()
  await place.dispose()
})
beforeEach(async () => {
  clock = new Date('2026-01-01T12:00:00Z')
  await database.rows.deleteFrom('mails').execute()
})

const later = (seconds: number) => {
  clock = new Date(clock.getTime() + seconds * 1000)
}

function shop(mailGateway: MailGateway = refusing, links: Links = noLinks) {
  const store = createNotificationStore(database, { shopUrl, now: () => clock })
  const now = () => clock.getTime()
  const sender = createSender({ mails: store, mailGateway, links, shopUrl, log, now, pollMs: 5 })
  const app = createNotificationsApp({
    records: store,
    mails: store,
    mailGateway,
    shopUrl,
    inbox: createInbox(database, store.isOutdated),
    deadLetters: createDeadLetters(database),
    wake: sender.wake,
    verify: async (token) => {
      if (token === 'operator') return operator
      if (/^[0-9a-f-]{36}$/.test(token)) return { userId: token, role: 'customer' }
      throw refused('unauthenticated', 'who?')
    },
    log,
  })
  const receive = async ({ topic, data }: OutboxMessage, id = uuid()) => {
    const event = { id, source: topic.split('-')[0], type: topic, specversion: '1.0', data }
    const answer = await app.request(`/events/${topic}`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify(event),
    })
    return ((await answer.json()) as { status: string }).status
  }
  const send = async (method: string, path: string, token?: string) => {
    const headers = token ? { authorization: `Bearer ${token}` } : {}
    const answer = await app.request(path, { method, headers })
    return { status: answer.status, payload: (await answer.json()) as Record<string, unknown> }
  }
  const list = async (query = '', token = 'operator') =>
    (await send('GET', `/notifications${query}`, token)).payload.notifications as Notification[]
  const register = async (more: Partial<Parameters<typeof userEvents.registered>[0]> = {}) => {
    const userId = uuid()
    const contact = {
      userId,
      email: `${userId}@customer.example`,
      name: 'Ada',
      preferences,
      version: 1,
      ...more,
    }
    await receive(userEvents.registered(contact))
    return { userId, contact }
  }
  return { app, store, sender, receive, send, list, register }
}

const linksBy = (issue: (id: string) => Promise<IssuedLink | undefined>): Links => ({
  confirmEmail: issue,
  resetPassword: issue,
})
const noLinks = linksBy(async () => undefined)
const refusing: MailGateway = { send: async () => ({ outcome: 'not-sent', why: 'no mail server' }) }

/** Creates a mail gateway that records mails and returns the given deliveries. */
function createFakePostman(...endings: Delivery[]) {
  const letters: Parameters<MailGateway['send']>[0][] = []
  return {
    letters,
    send: async (letter: Parameters<MailGateway['send']>[0]) => {
      letters.push(letter)
      return endings.shift() ?? { outcome: 'sent' as const }
    },
  }
}

/** Runs the sender until no mail is due. */
async function run({ sender }: ReturnType<typeof shop>): Promise<void> {
  sender.start()
  for (let deadline = Date.now() + 10_000; (await due()) > 0; ) {
    if (Date.now() > deadline) throw new Error('mails are still due after 10 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await sender.stop()
}

async function due(): Promise<number> {
  const waiting = await database.rows
    .selectFrom('mails')
    .select('id')
    .where('status', '=', 'pending')
    .where('due_at', '<=', clock)
    .execute()
  return waiting.length
}

const statuses = async (list: Notification[]) => list.map(({ kind, status }) => `${kind} ${status}`)

const head = (customerId: string, orderId = uuid()) => ({ orderId, customerId, version: 1 })

test('it receives what its subscriptions say', async () => {
  const received = notificationsHandlers({} as never).map(({ event }) => event.topic)
  const spoken = [userEvents, orderEvents, paymentEvents].flatMap((events) =>
    Object.values(events).map(({ topic }) => topic),
  )
  expect(received.toSorted()).toEqual(spoken.toSorted())
})

test('a customer who registers is welcomed', async () => {
  const mailGateway = createFakePostman()
  const world = shop(mailGateway)
  const { userId, contact } = await world.register()
  await run(world)
  expect(mailGateway.letters).toMatchObject([
    { recipient: contact.email, subject: 'Welcome to Sidecart' },
  ])
  expect(await world.list('', userId)).toMatchObject([
    {
      kind: 'welcome',
      status: 'sent',
      recipient: contact.email,
      sentAt: '2026-01-01T12:00:00.000Z',
    },
  ])
})

test('each step of an order is one mail, and payments are recorded without one', async () => {
  const mailGateway = createFakePostman()
  const world = shop(mailGateway)
  const { userId } = await world.register()
  const order = head(userId)
  const paid = { ...order, paymentId: uuid(), amount: euro(1490) }
  const events = [
    orderEvents.placed({ ...order, lines: [{ sku: 'MUG', quantity: 1 }] }),
    paymentEvents.charged(paid),
    orderEvents.confirmed({
      ...order,
      lines: [{ sku: 'MUG', name: 'Mug', quantity: 1, unitPrice: euro(1490) }],
      total: euro(1490),
    }),
    orderEvents.shipped(order),
    orderEvents.delivered(order),
    paymentEvents.refunded(paid),
    orderEvents.refunded({ ...order, amount: euro(1490) }),
  ]
  for (const event of events) expect(await world.receive(event)).toBe('SUCCESS')
  await run(world)
  expect(await statuses(await world.list(`?orderId=${order.orderId}`))).toEqual([
    'refunded sent',
    'payment-refunded recorded',
    'delivered sent',
    'shipped sent',
    'confirmed sent',
    'payment-charged recorded',
    'placed sent',
  ])
  expect(await world.list(`?orderId=${order.orderId}`, userId)).toHaveLength(5)
  expect(mailGateway.letters).toHaveLength(6)
})

test('an event that leads to no mail is one message to the database', async () => {
  const world = shop(createFakePostman())
  const { receive, register } = world
  const { userId } = await register({ preferences: { ...preferences, orderUpdates: false } })
  await run(world)
  const of = () => head(userId)
  const placed = () =>
    receive(orderEvents.placed({ ...of(), lines: [{ sku: 'MUG', quantity: 1 }] }))
  const paid = () =>
    receive(paymentEvents.charged({ ...of(), paymentId: uuid(), amount: euro(1490) }))
  // the first execution of a statement on a connection is sent alone
  for (const receiveOne of [placed, paid]) await receiveOne()
  expect(await databaseTraffic(placed)).toEqual({ roundTrips: 1, statements: 2 })
  expect(await databaseTraffic(paid)).toEqual({ roundTrips: 1, statements: 2 })
})

test('an instance that remembers a contact obeys what another instance has received since', async () => {
  const [here, other] = [shop(createFakePostman()), shop()]
  const { userId, contact } = await here.register()
  const statusOf = async () => {
    const order = head(userId)
    const lines = [{ sku: 'MUG', quantity: 1 }]
    expect(await here.receive(orderEvents.placed({ ...order, lines }))).toBe('SUCCESS')
    return (await here.list(`?orderId=${order.orderId}`)).map(({ status }) => status)
  }
  expect(await statusOf()).toEqual(['pending'])
  const unwanted = { ...preferences, orderUpdates: false }
  await other.receive(userEvents.contactChanged({ ...contact, preferences: unwanted, version: 2 }))
  expect(await statusOf()).toEqual(['suppressed'])
  await other.receive(userEvents.contactChanged({ ...contact, version: 3 }))
  expect(await statusOf()).toEqual(['pending'])
  expect(await createDeadLetters(database).list(10)).toEqual([])
})

test('an event that comes twice, even under another id, is one mail', async () => {
  const mailGateway = createFakePostman()
  const world = shop(mailGateway)
  const { userId } = await world.register()
  const event = orderEvents.shipped(head(userId))
  const id = uuid()
  await Promise.all(Array.from({ length: 5 }, () => world.receive(event, id)))
  await Promise.all(Array.from({ length: 5 }, () => world.receive(event)))
  await run(world)
  expect(mailGateway.letters.map(({ subject }) => subject)).toHaveLength(2)
})

test('a cancelled order is one mail, though the payment was declined too', async () => {
  const mailGateway = createFakePostman()
  const world = shop(mailGateway)
  const { userId } = await world.register()
  const order = head(userId)
  const code = 'insufficient-funds'
  await world.receive(
    paymentEvents.declined({ ...order, paymentId: uuid(), amount: euro(1), code }),
  )
  await world.receive(orderEvents.cancelled({ ...order, reason: 'card-declined' }))
  await run(world)
  expect(mailGateway.letters).toHaveLength(2)
  expect(mailGateway.letters[1]?.html).toContain('Your card was declined')
})

test('mails that a customer does not want are suppressed, and listed so', async () => {
  const world = shop()
  const { userId } = await world.register({ preferences: { ...preferences, orderUpdates: false } })
  await world.receive(orderEvents.shipped(head(userId)))
  expect(await statuses(await world.list('?kind=shipped', userId))).toEqual(['shipped suppressed'])
})

test('the newest contact counts, in whatever order they are received', async () => {
  const mailGateway = createFakePostman()
  const world = shop(mailGateway)
  const { userId, contact } = await world.register()
  await world.receive(
    userEvents.contactChanged({ ...contact, email: 'new@b.example', name: 'New', version: 3 }),
  )
  await world.receive(
    userEvents.contactChanged({ ...contact, email: 'old@b.example', name: 'Old', version: 2 }),
  )
  await world.receive(orderEvents.shipped(head(userId)))
  await run(world)
  expect(mailGateway.letters.map(({ recipient }) => recipient)).toEqual([
    'new@b.example',
    'new@b.example',
  ])
  expect(mailGateway.letters[1]?.html).toContain('Hello New')
})

test('another e-mail is told to the old and the new address, another password to the owner, once', async () => {
  const mailGateway = createFakePostman()
  const world = shop(mailGateway)
  const { receive, list, register } = world
  const { userId, contact } = await register()
  const [formerEmail, email] = [contact.email, `new-${contact.email}`]
  const moved = userEvents.contactChanged({ ...contact, email, formerEmail, version: 2 })
  const noPreferences = { orderUpdates: false, paymentUpdates: false, marketing: false }
  const quiet = { ...contact, email, preferences: noPreferences }
  for (const event of [
    moved,
    moved,
    userEvents.contactChanged({ ...quiet, version: 3, passwordChanged: true }),
    userEvents.contactChanged({ ...quiet, version: 4, passwordChanged: true }),
    userEvents.contactChanged({ ...quiet, name: 'Eve', version: 5 }),
  ])
    expect(await receive(event)).toBe('SUCCESS')
  await run(world)
  expect(mailGateway.letters.map(({ recipient, subject }) => [recipient, subject])).toEqual([
    [email, 'Welcome to Sidecart'],
    [formerEmail, 'Your e-mail address was changed'],
    [email, 'Your e-mail address was changed'],
    [email, 'Your password was changed'],
    [email, 'Your password was changed'],
  ])
  expect(JSON.stringify(mailGateway.letters[1])).not.toContain(email)
  expect(await list('', userId)).toHaveLength(5)
})

test('a change that is received before the registration does not lose the welcome', async () => {
  const world = shop()
  const contact = { userId: uuid(), email: 'a@b.example', name: 'Ada', preferences, version: 2 }
  await world.receive(userEvents.contactChanged(contact))
  await world.receive(userEvents.registered({ ...contact, email: 'old@b.example', version: 1 }))
  const { contactOf } = world.store
  expect(await database.inTransaction((tx) => contactOf(tx, contact.userId))).toEqual({
    ...contact,
    confirmed: true,
  })
  expect(await world.list('', contact.userId)).toMatchObject([
    { kind: 'welcome', status: 'pending' },
  ])
})

test('news for a customer who has not been heard of is stored until it can be told', async () => {
  const world = shop()
  const userId = uuid()
  const id = uuid()
  expect(await world.receive(orderEvents.shipped(head(userId)), id)).toBe('SUCCESS')
  const letter = `/notifications/dead-letters/${id}`
  expect((await world.send('GET', letter, 'operator')).payload).toMatchObject({
    cause: expect.stringContaining('has not been heard of yet'),
    nextAttemptAt: expect.any(String),
  })
  await world.receive(
    userEvents.registered({ userId, email: 'a@b.example', name: 'Ada', preferences, version: 1 }),
  )
  const replayed = await world.send('POST', `${letter}/replay`, 'operator')
  expect(replayed.payload).toMatchObject({ outcome: 'applied' })
  expect(await world.list('?kind=shipped', userId)).toHaveLength(1)
})

test('an event that breaks its contract is kept as a dead letter', async () => {
  const world = shop()
  const id = uuid()
  expect(await world.receive({ topic: 'orders-shipped-v1', data: { orderId: 1 } }, id)).toBe(
    'SUCCESS',
  )
  const letters = (await world.send('GET', '/notifications/dead-letters', 'operator')).payload
  expect(letters).toMatchObject({
    deadLetters: expect.arrayContaining([expect.objectContaining({ id })]),
  })
  expect((await world.send('GET', '/notifications/dead-letters', uuid())).status).toBe(403)
})

test('while the mail server is down mails wait, and are sent once when it is back', async () => {
  const down: Delivery = { outcome: 'not-sent', why: 'connection refused' }
  const mailGateway = createFakePostman(down, down)
  const world = shop(mailGateway)
  const { userId } = await world.register()
  await run(world)
  expect(await world.list('', userId)).toMatchObject([{ status: 'pending', attempts: 1 }])
  later(5)
  await run(shopAgain(mailGateway))
  expect((await world.list())[0]).toMatchObject({
    status: 'pending',
    attempts: 2,
    problem: 'connection refused',
  })
  later(9)
  await run(shopAgain(mailGateway))
  expect(mailGateway.letters).toHaveLength(2)
  later(1)
  await run(shopAgain(mailGateway))
  expect(await world.list('', userId)).toMatchObject([{ status: 'sent', attempts: 3 }])
})

/** A sender runs once; creates the next one. */
const shopAgain = (mailGateway: MailGateway) => shop(mailGateway)

test('a mail that cannot be sent is given up in the end, and an operator sends it again', async () => {
  const world = shop()
  const { userId } = await world.register()
  for (let n = 0; n < attemptsAllowed; n++) {
    await run(shopAgain(refusing))
    later(3_600)
  }
  const [failed] = await world.list('?status=failed')
  expect(failed).toMatchObject({
    customerId: userId,
    attempts: attemptsAllowed,
    problem: 'no mail server',
  })
  const mailGateway = createFakePostman()
  const resent = await world.send('POST', `/notifications/${failed?.mailId}/resend`, 'operator')
  expect(resent).toMatchObject({ status: 200, payload: { status: 'pending' } })
  await run(shopAgain(mailGateway))
  expect(await world.list('', userId)).toMatchObject([{ status: 'sent' }])
  expect(mailGateway.letters).toHaveLength(1)
})

test('a mail that the server refuses for good is not tried again', async () => {
  const mailGateway = createFakePostman({ outcome: 'rejected', why: '550 no such user' })
  const world = shop(mailGateway)
  await world.register()
  await run(world)
  expect(await world.list()).toMatchObject([{ status: 'failed', problem: '550 no such user' }])
})

test('a mail that may have been sent is not sent again, only visible; then the sender keeps quiet for a while', async () => {
  const mailGateway = createFakePostman({ outcome: 'unknown', why: 'took over 10000 ms' })
  const world = shop(mailGateway)
  await world.register()
  const second = await world.register()
  world.sender.start()
  await until(async () => (await world.list('?status=unconfirmed')).length === 1)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(mailGateway.letters).toHaveLength(1)
  later(5)
  await until(async () => (await world.list('?status=sent')).length === 1)
  await world.sender.stop()
  expect(await world.list('', second.userId)).toMatchObject([{ status: 'sent' }])
  later(3_600)
  await run(shopAgain(mailGateway))
  expect(mailGateway.letters).toHaveLength(2)
  expect(await world.list('?status=unconfirmed')).toHaveLength(1)
})

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let deadline = Date.now() + 10_000; !(await condition()); ) {
    if (Date.now() > deadline) throw new Error('waited 10 s without success')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('a mail whose sender died while sending is unconfirmed after half a minute, and not sent again', async () => {
  const world = shop()
  const { userId } = await world.register()
  expect(await world.store.claim()).toMatchObject({ attempts: 1 })
  const doubt = async () => {
    const staleSendReaper = createStaleSendReaper({ mails: world.store, log })
    staleSendReaper.start()
    await staleSendReaper.stop()
    return (await world.list('', userId))[0]?.status
  }
  later(30)
  expect(await doubt()).toBe('sending')
  later(1)
  expect(await doubt()).toBe('unconfirmed')
  expect(await world.store.claim()).toBeUndefined()
})

test('a sender that was only slow still says how it ended, unless the mail was sent again meanwhile', async () => {
  const world = shop()
  await world.register()
  const claimed = await world.store.claim()
  later(61)
  await world.store.giveUp(60_000)
  const [mail] = await world.list()
  const sent = {
    mailId: mail?.mailId ?? '',
    attempts: claimed?.attempts ?? 0,
    settlement: { status: 'sent', at: clock },
  } as const
  await world.send('POST', `/notifications/${mail?.mailId}/resend`, 'operator')
  await world.store.settle(sent)
  expect(await world.list()).toMatchObject([{ status: 'pending' }])
  await world.store.claim()
  await world.store.settle(sent)
  expect(await world.list()).toMatchObject([{ status: 'sending', attempts: 2 }])
  await world.store.settle({ ...sent, attempts: 2 })
  expect(await world.list()).toMatchObject([{ status: 'sent' }])
})

test('several instances send each mail once', async () => {
  const mailGateway = createFakePostman()
  const world = shop(mailGateway)
  for (let n = 0; n < 30; n++) await world.register()
  await Promise.all([
    run(shopAgain(mailGateway)),
    run(shopAgain(mailGateway)),
    run(shopAgain(mailGateway)),
  ])
  expect(new Set(mailGateway.letters.map(({ recipient }) => recipient)).size).toBe(30)
  expect(mailGateway.letters).toHaveLength(30)
  expect(await world.list('?status=sent&limit=100')).toHaveLength(30)
})

test('customers see their own mails page by page, operators everybody’s', async () => {
  const world = shop()
  const { userId } = await world.register()
  const other = await world.register()
  const order = head(userId)
  await world.receive(orderEvents.shipped(order))
  await world.receive(orderEvents.delivered(order))
  const first = (await world.send('GET', '/notifications?limit=2', userId)).payload
  expect(await statuses(first.notifications as Notification[])).toEqual([
    'delivered pending',
    'shipped pending',
  ])
  expect(await statuses(await world.list(`?limit=2&cursor=${first.nextCursor}`, userId))).toEqual([
    'welcome pending',
  ])
  expect(await world.list(`?orderId=${order.orderId}`, other.userId)).toEqual([])
  expect(await world.list()).toHaveLength(4)
  expect((await world.send('GET', '/notifications')).status).toBe(401)
  expect((await world.send('GET', '/notifications?colour=red', userId)).status).toBe(400)
})

test('only operators send again, and only what failed or is unconfirmed', async () => {
  const world = shop()
  const { userId } = await world.register()
  const [mail] = await world.list()
  const path = `/notifications/${mail?.mailId}/resend`
  expect((await world.send('POST', path, userId)).status).toBe(403)
  expect(await world.send('POST', path, 'operator')).toMatchObject({
    status: 409,
    payload: { code: 'mail-not-resendable' },
  })
  expect((await world.send('POST', `/notifications/${uuid()}/resend`, 'operator')).status).toBe(404)
})

/** Somebody whose e-mail is not confirmed yet, and what `users` emits of them. */
async function newcomer(world: ReturnType<typeof shop>) {
  const userId = uuid()
  const email = `${userId}@customer.example`
  const confirmation = { confirmationId: uuid(), email }
  const contact = { userId, email, name: 'Ada', preferences, version: 1, confirmed: false }
  await world.receive(userEvents.registered({ ...contact, confirmation }))
  const confirms = userEvents.contactChanged({ ...contact, version: 2, confirmed: true })
  return { userId, email, contact, confirmation, confirms }
}

const linksWith = (...answers: (IssuedLink | undefined)[]) => {
  const asked: string[] = []
  const issue = async (id: string) => {
    asked.push(id)
    return answers.length > 1 ? answers.shift() : answers[0]
  }
  return { asked, ...linksBy(issue) }
}

test('until an address is confirmed only the mail that confirms it is sent to it, then the others', async () => {
  const mailGateway = createFakePostman()
  const links = linksWith({ token: 'token-of-the-link' })
  const world = shop(mailGateway, links)
  const { userId, email, confirmation, confirms } = await newcomer(world)
  const order = head(userId)
  await world.receive(orderEvents.shipped(order))
  await run(world)
  expect(mailGateway.letters).toMatchObject([
    { recipient: email, subject: 'Confirm your e-mail address' },
  ])
  expect(mailGateway.letters[0]?.html).toContain(`${shopUrl}/confirm#token-of-the-link"`)
  expect(links.asked).toEqual([confirmation.confirmationId])
  expect(await statuses(await world.list('', userId))).toEqual([
    'shipped held',
    'welcome held',
    'confirm-email sent',
  ])
  expect(await world.receive(confirms)).toBe('SUCCESS')
  const next = shopAgain(mailGateway)
  await world.receive(orderEvents.delivered(order))
  await run(next)
  expect(mailGateway.letters.slice(1).map(({ recipient }) => recipient)).toEqual(
    Array(3).fill(email),
  )
  expect(await world.list('?status=held')).toEqual([])
})

test('the link of a mail is in no row', async () => {
  const world = shop(createFakePostman(), linksWith({ token: 'token-of-the-link' }))
  const { userId } = await newcomer(world)
  await run(world)
  const rows = await database.rows.selectFrom('mails').selectAll().execute()
  expect(JSON.stringify(rows)).toContain(userId)
  expect(JSON.stringify(rows)).not.toContain('token-of-the-link')
  expect(JSON.stringify(await world.list('', userId))).not.toContain('token-of-the-link')
})

test('an address that has an account is told so, without a link, and the list does not say which it was', async () => {
  const mailGateway = createFakePostman()
  const world = shop(mailGateway, linksWith({ token: 'token' }, 'known'))
  const [free, known] = [await newcomer(world), await newcomer(world)]
  await run(world)
  expect(mailGateway.letters.map(({ subject }) => subject)).toEqual([
    'Confirm your e-mail address',
    'You have an account already',
  ])
  expect(mailGateway.letters[1]?.html).not.toContain('/confirm')
  const listed = await Promise.all([free, known].map(({ userId }) => world.list('', userId)))
  const shape = (list: Notification[] | undefined) =>
    list?.map((mail) => ({ ...mail, mailId: '', customerId: '', recipient: '', createdAt: '' }))
  expect(shape(listed[1])).toEqual(shape(listed[0]))
})

test('a mail whose link nobody waits for any more is not sent', async () => {
  const mailGateway = createFakePostman()
  const world = shop(mailGateway, linksWith(undefined))
  const { userId } = await newcomer(world)
  await run(world)
  expect(mailGateway.letters).toEqual([])
  expect(await world.list('?kind=confirm-email', userId)).toMatchObject([{ status: 'expired' }])
})

test('while no link can be had its mail waits, and others are sent', async () => {
  const mailGateway = createFakePostman()
  let away = true
  const issue = async () => {
    if (away) throw new Error('users does not answer')
    return { token: 'token' }
  }
  const world = shop(mailGateway, linksBy(issue))
  await newcomer(world)
  await world.register()
  await run(world)
  expect(mailGateway.letters).toMatchObject([{ subject: 'Welcome to Sidecart' }])
  expect(await world.list('?kind=confirm-email')).toMatchObject([
    { status: 'pending', problem: 'users does not answer' },
  ])
  away = false
  later(5)
  await run(shop(mailGateway, linksBy(issue)))
  expect(mailGateway.letters[1]).toMatchObject({ subject: 'Confirm your e-mail address' })
})

describe('a mail that resets a password', () => {
  async function asked(world: ReturnType<typeof shop>, more: object = {}) {
    const { userId, contact } = await world.register()
    const passwordReset = { resetId: uuid() }
    await world.receive(
      userEvents.contactChanged({ ...contact, version: 2, passwordReset, ...more }),
    )
    return { userId, contact, ...passwordReset }
  }

  test('has the link that is made for it, which no row has', async () => {
    const mailGateway = createFakePostman()
    const links = linksWith({ token: 'token-of-the-link' })
    const world = shop(mailGateway, links)
    const { userId, contact, resetId } = await asked(world)
    await run(world)
    expect(mailGateway.letters.slice(1)).toMatchObject([
      { recipient: contact.email, subject: 'Set another password' },
    ])
    expect(mailGateway.letters[1]?.html).toContain(`${shopUrl}/reset-password#token-of-the-link"`)
    expect(links.asked).toEqual([resetId])
    const rows = await database.rows.selectFrom('mails').selectAll().execute()
    const seen = JSON.stringify([rows, await world.list('', userId)])
    expect(seen).toContain('password-reset')
    expect(seen).not.toContain('token-of-the-link')
  })

  test('is not sent to an address that is not confirmed', async () => {
    const mailGateway = createFakePostman()
    const world = shop(mailGateway, linksWith({ token: 'token-of-the-link' }))
    const { userId } = await asked(world, { confirmed: false })
    await run(world)
    expect(mailGateway.letters).toHaveLength(1)
    expect(await world.list('?kind=password-reset', userId)).toMatchObject([{ status: 'held' }])
  })

  test('is not sent once the link is void', async () => {
    const mailGateway = createFakePostman()
    const world = shop(mailGateway, noLinks)
    const { userId } = await asked(world)
    await run(world)
    expect(mailGateway.letters).toHaveLength(1)
    expect(await world.list('?kind=password-reset', userId)).toMatchObject([{ status: 'expired' }])
  })
})

test('mails are held for a week, then they expire', async () => {
  const world = shop()
  const { userId, confirms } = await newcomer(world)
  const reap = async () => {
    const reaper = createHeldMailReaper({ mails: world.store, log })
    reaper.start()
    await reaper.stop()
    return (await world.list('?kind=welcome', userId))[0]?.status
  }
  later(7 * 86_400)
  expect(await reap()).toBe('held')
  later(1)
  expect(await reap()).toBe('expired')
  await world.receive(confirms)
  expect(await world.list('?kind=welcome', userId)).toMatchObject([{ status: 'expired' }])
})

test('mails that a customer does not want are suppressed, confirmed or not', async () => {
  const world = shop()
  const { userId, contact } = await newcomer(world)
  const quiet = { ...preferences, orderUpdates: false }
  await world.receive(userEvents.contactChanged({ ...contact, preferences: quiet, version: 2 }))
  await world.receive(orderEvents.shipped(head(userId)))
  expect(await statuses(await world.list('?kind=shipped'))).toEqual(['shipped suppressed'])
})

test('a confirmation that is received before the registration holds nothing up', async () => {
  const world = shop()
  const userId = uuid()
  const contact = { userId, email: 'a@b.example', name: 'Ada', preferences }
  await world.receive(userEvents.contactChanged({ ...contact, version: 2, confirmed: true }))
  const confirmation = { confirmationId: uuid(), email: contact.email }
  await world.receive(
    userEvents.registered({ ...contact, version: 1, confirmed: false, confirmation }),
  )
  await world.receive(orderEvents.shipped(head(userId)))
  expect(await world.list('?status=held')).toEqual([])
})

test('a confirmation at the same time as an order’s event leaves no mail held', async () => {
  const world = shop()
  for (let round = 0; round < 15; round += 1) {
    const { userId, confirms } = await newcomer(world)
    const order = head(userId)
    await Promise.all([
      world.receive(orderEvents.shipped(order)),
      world.receive(confirms),
      world.receive(orderEvents.delivered(order)),
    ])
    expect(await statuses(await world.list('', userId))).not.toContain('shipped held')
    expect(await world.list('?status=held')).toEqual([])
  }
})

test('what was held goes to the address that is confirmed in the end', async () => {
  const mailGateway = createFakePostman()
  const world = shop(mailGateway, linksWith({ token: 'token' }))
  const { userId, email, contact } = await newcomer(world)
  await world.receive(userEvents.contactChanged({ ...contact, version: 2, passwordChanged: true }))
  expect(await statuses(await world.list('?kind=password-changed', userId))).toEqual([
    'password-changed held',
  ])
  const moved = `right-${email}`
  const confirmation = { confirmationId: uuid(), email: moved }
  await world.receive(userEvents.contactChanged({ ...contact, version: 3, confirmation }))
  await world.receive(
    userEvents.contactChanged({ ...contact, email: moved, version: 4, confirmed: true }),
  )
  await run(world)
  const to = mailGateway.letters.map(({ recipient, subject }) => `${subject} to ${recipient}`)
  expect(to.toSorted()).toEqual([
    `Confirm your e-mail address to ${email}`,
    `Confirm your e-mail address to ${moved}`,
    `Welcome to Sidecart to ${moved}`,
    `Your password was changed to ${moved}`,
  ])
})

test('an event of an earlier version, which does not say, changes nothing of it', async () => {
  const world = shop()
  const { userId, contact } = await newcomer(world)
  const { confirmed: _, ...older } = contact
  await world.receive(userEvents.contactChanged({ ...older, name: 'Eve', version: 2 }))
  await world.receive(orderEvents.shipped(head(userId)))
  expect(await statuses(await world.list('?kind=shipped'))).toEqual(['shipped held'])
})

const askInvitation = (app: ReturnType<typeof shop>['app'], body: object, headers = {}) =>
  app.request('/internal/invitations', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

test('an invitation is mailed once, to its address, with its link, and is kept nowhere', async () => {
  const postman = createFakePostman(
    { outcome: 'sent' },
    { outcome: 'rejected', why: 'no such box' },
  )
  const { app, list } = shop(postman)
  const body = { email: 'olga@example.com', token: 'T-oken_1' }
  expect(await (await askInvitation(app, body)).json()).toEqual({ outcome: 'sent' })
  expect(postman.letters).toMatchObject([
    { recipient: 'olga@example.com', subject: 'You are invited to run the shop' },
  ])
  expect(postman.letters[0]?.html).toContain(`href="${shopUrl}/invitation#T-oken_1"`)
  expect(await list()).toEqual([])
  const failed = { outcome: 'rejected', problem: 'no such box' }
  expect(await (await askInvitation(app, body)).json()).toEqual(failed)
})

test('an invitation is mailed for the owner of the machine, not for an app that calls through a sidecar', async () => {
  const postman = createFakePostman()
  const { app } = shop(postman)
  const body = { email: 'olga@example.com', token: 'T-oken_1' }
  const answer = await askInvitation(app, body, { 'dapr-caller-app-id': 'users' })
  expect([answer.status, postman.letters]).toEqual([404, []])
})
