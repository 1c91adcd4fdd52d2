import { appendFile, readFile, truncate } from 'node:fs/promises'
import { until } from '@sidecart/testing/until.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apiKey, logFolder, type RunningSandbox, serveSandbox, spawnSandbox } from './testkit.ts'

let folder: Awaited<ReturnType<typeof logFolder>>
let sandbox: RunningSandbox

beforeEach(async () => {
  folder = await logFolder()
  sandbox = await serveSandbox(folder.path, { slowMs: 120, holdMs: 150 })
})
afterEach(async () => {
  await sandbox.stop()
  await folder.dispose()
})

const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }

async function ask(path: string, key: string, body: unknown) {
  const answer = await fetch(sandbox.url + path, {
    method: 'POST',
    headers: { ...headers, 'idempotency-key': key },
    body: JSON.stringify(body),
  })
  return { status: answer.status, payload: await answer.json() }
}

const charge = (card: string, key = 'order-1', amount = 1490) =>
  ask('/v1/charges', key, { amount, currency: 'EUR', card, reference: 'order-1' })
const refund = (charge: string, amount: number, key = 'refund-order-1') =>
  ask('/v1/refunds', key, { charge, amount })
const effects = async () => (await sandbox.log()).map(({ effect }) => effect)

test('card_approved is captured', async () => {
  expect(await charge('card_approved')).toMatchObject({
    status: 200,
    payload: { status: 'captured' },
  })
  expect(await sandbox.log()).toMatchObject([
    { n: 1, effect: 'captured', key: 'order-1', amount: 1490, currency: 'EUR' },
  ])
})

test('card_declined is declined, with a code', async () => {
  expect(await charge('card_declined')).toMatchObject({
    status: 200,
    payload: { status: 'declined', declineCode: 'insufficient-funds' },
  })
  expect(await effects()).toEqual(['declined'])
})

test('card_retry fails twice for each key and is then captured', async () => {
  expect((await charge('card_retry')).status).toBe(503)
  expect((await charge('card_retry', 'order-2')).status).toBe(503)
  expect((await charge('card_retry')).status).toBe(503)
  expect(await charge('card_retry')).toMatchObject({ status: 200, payload: { status: 'captured' } })
  expect(await effects()).toEqual(['failed', 'failed', 'failed', 'captured'])
})

test('card_timeout_after_charge is captured, the first request never hears of it, later ones do', async () => {
  await expect(charge('card_timeout_after_charge')).rejects.toThrow()
  expect(await effects()).toEqual(['captured'])
  const [captured] = (await sandbox.log()) as { charge: string }[]
  expect(await charge('card_timeout_after_charge')).toMatchObject({
    status: 200,
    payload: { id: captured?.charge, status: 'captured' },
  })
  expect(await effects()).toEqual(['captured', 'replayed'])
})

test('card_slow is captured at once and answered later', async () => {
  const startedAt = performance.now()
  expect(await charge('card_slow')).toMatchObject({ payload: { status: 'captured' } })
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(115)
})

test('an unknown card is refused', async () => {
  expect(await charge('card_of_my_uncle')).toEqual({
    status: 422,
    payload: { error: { code: 'unknown-card' } },
  })
})

test('a repeated key gets the same answer, and nothing is captured again', async () => {
  const first = await charge('card_approved')
  expect(await charge('card_approved')).toEqual(first)
  expect(await effects()).toEqual(['captured', 'replayed'])
})

test('fifty requests at once with one key capture once', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => charge('card_approved')))
  expect(new Set(answers.map(({ payload }) => (payload as { id: string }).id)).size).toBe(1)
  expect((await effects()).filter((effect) => effect === 'captured')).toHaveLength(1)
})

test('a key that comes back with another body is refused', async () => {
  await charge('card_approved')
  expect((await charge('card_approved', 'order-1', 1)).status).toBe(409)
  expect((await charge('card_slow')).status).toBe(409)
  expect((await refund('ch_x', 1490, 'order-1')).status).toBe(409)
})

test('a refund gives back at most what was captured, once per key', async () => {
  const { payload } = (await charge('card_approved')) as { payload: { id: string } }
  const first = await refund(payload.id, 1000)
  expect(first).toMatchObject({ status: 200, payload: { status: 'refunded', amount: 1000 } })
  expect(await refund(payload.id, 1000)).toEqual(first)
  expect((await refund(payload.id, 999)).status).toBe(409)
  expect((await refund(payload.id, 491, 'another')).status).toBe(422)
  expect((await refund(payload.id, 490, 'another')).status).toBe(200)
  expect((await refund('ch_unknown', 1, 'third')).status).toBe(404)
})

test('what was declined cannot be refunded', async () => {
  const { payload } = (await charge('card_declined')) as { payload: { id: string } }
  expect((await refund(payload.id, 1490)).status).toBe(422)
})

test('requests need the key of the account, an idempotency key and a whole body', async () => {
  const body = JSON.stringify({ amount: 1, currency: 'EUR', card: 'card_approved', reference: 'r' })
  const post = (more: Record<string, string>, text = body) =>
    fetch(`${sandbox.url}/v1/charges`, { method: 'POST', headers: more, body: text })
  expect((await post({ 'idempotency-key': 'k' })).status).toBe(401)
  expect((await post(headers)).status).toBe(400)
  expect((await post({ ...headers, 'idempotency-key': 'k' }, '{')).status).toBe(400)
  expect((await post({ ...headers, 'idempotency-key': 'k' }, '{"amount":1.5}')).status).toBe(400)
  expect((await fetch(`${sandbox.url}/healthz`)).status).toBe(200)
  expect(await effects()).toEqual([])
})

test('a charge is found by its key, and the log is read page by page', async () => {
  for (const key of ['a', 'b', 'c']) await charge('card_approved', key)
  const get = async (path: string) => (await fetch(sandbox.url + path, { headers })).json()
  expect(await get('/v1/charges?idempotencyKey=b')).toMatchObject({ charges: [{ amount: 1490 }] })
  expect(await get('/v1/charges?idempotencyKey=z')).toEqual({ charges: [] })
  expect(await get('/v1/log?after=1&limit=1')).toMatchObject({ entries: [{ n: 2, key: 'b' }] })
  expect(await get('/v1/log?after=3')).toEqual({ entries: [] })
})

test('a restart forgets nothing', async () => {
  const first = await charge('card_approved', 'a')
  await charge('card_retry', 'b')
  await refund((first.payload as { id: string }).id, 1490)
  await sandbox.stop()
  sandbox = await serveSandbox(folder.path)
  expect(await charge('card_approved', 'a')).toMatchObject({ payload: { refunded: 1490 } })
  expect((await refund((first.payload as { id: string }).id, 1, 'more')).status).toBe(422)
  expect((await charge('card_retry', 'b')).status).toBe(503)
  expect((await charge('card_retry', 'b')).status).toBe(200)
  expect((await sandbox.log()).map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test('a last line that was torn by a crash is dropped, because nobody was answered', async () => {
  await charge('card_approved', 'a')
  await charge('card_approved', 'b')
  await sandbox.stop()
  const whole = await readFile(folder.path)
  await truncate(folder.path, whole.length - 20)
  sandbox = await serveSandbox(folder.path)
  await charge('card_approved', 'b')
  expect(await sandbox.log()).toMatchObject([
    { n: 1, effect: 'captured', key: 'a' },
    { n: 2, effect: 'captured', key: 'b' },
  ])
  expect((await readFile(folder.path, 'utf8')).split('\n')).toHaveLength(3)
})

test('a log that was tampered with is not taken for true', async () => {
  await charge('card_approved', 'a')
  await sandbox.stop()
  await appendFile(folder.path, 'not json\n')
  await expect(serveSandbox(folder.path)).rejects.toThrow(/:2 is not line 2/)
  await truncate(folder.path)
  sandbox = await serveSandbox(folder.path)
})

test('as a process of its own it is killed under load and has every answer it gave in its log', async () => {
  const child = await spawnSandbox(folder.path.replace('log', 'child'))
  const own = sandbox
  sandbox = child
  const captured: string[] = []
  const loop = async (lane: number) => {
    for (let n = 0; ; n++) {
      const { payload } = (await charge('card_approved', `${lane}-${n}`)) as {
        payload: { id: string }
      }
      if (captured.push(payload.id) === 200) void child.kill()
    }
  }
  await Promise.allSettled(Array.from({ length: 16 }, (_, lane) => loop(lane)))
  const again = await spawnSandbox(folder.path.replace('log', 'child'))
  const logged = new Set((await again.log()).map((entry) => 'charge' in entry && entry.charge))
  await again.stop()
  sandbox = own
  expect(captured.length).toBeGreaterThanOrEqual(200)
  expect(captured.filter((id) => !logged.has(id))).toEqual([])
})

describe('faults that were ordered', () => {
  const order = (fault: string, requests = 1) =>
    fetch(`${sandbox.url}/v1/faults`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ fault, requests }),
    })

  test.each([
    ['away', 503, []],
    ['broken', 500, ['captured']],
  ])('%s is answered %i and leaves %j', async (fault, status, left) => {
    await order(fault)
    expect((await charge('card_approved')).status).toBe(status)
    expect(await effects()).toEqual(left)
    expect(await charge('card_approved')).toMatchObject({ payload: { status: 'captured' } })
    expect((await effects()).filter((effect) => effect === 'captured')).toHaveLength(1)
  })

  test('silent takes effect and is never answered', async () => {
    await order('silent')
    await expect(charge('card_approved')).rejects.toThrow()
    expect(await effects()).toEqual(['captured'])
  })

  test('decline is a card that the bank refuses, for ever', async () => {
    await order('decline')
    const refusal = { payload: { status: 'declined', declineCode: 'declined-by-issuer' } }
    expect(await charge('card_approved')).toMatchObject(refusal)
    expect(await charge('card_approved')).toMatchObject(refusal)
    expect(await effects()).toEqual(['declined', 'replayed'])
  })

  test('twice is captured once', async () => {
    await order('twice')
    expect(await charge('card_approved')).toMatchObject({ payload: { status: 'captured' } })
    await until('the copy is written down', async () => (await effects()).length === 2)
    expect(await effects()).toEqual(['captured', 'replayed'])
  })

  test('end after as many requests as were asked for', async () => {
    await order('away', 2)
    const answers = [
      await charge('card_slow'),
      await charge('card_slow'),
      await charge('card_slow'),
    ]
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 200])
  })

  test('cannot be ordered without the key', async () => {
    const body = JSON.stringify({ fault: 'away', requests: 1 })
    const answer = await fetch(`${sandbox.url}/v1/faults`, { method: 'POST', body })
    expect(answer.status).toBe(401)
  })
})
