// carts: optional file
import { Refusal } from '@sidecart/chassis/core/errors.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, describe } from 'vitest'
import { capabilityOf, type Seen, same, within } from './capability.ts'
import { type Harness, openHarness } from './harness.ts'
import { upTo } from './publish.ts'
import { state } from './sets.ts'

// Two instances of the shop's only app with a state store.
const instances = [
  { name: 'carts', app: 'carts', journal: 'users', receives: [] },
  { name: 'carts-2', app: 'carts', journal: 'users', receives: [] },
]

let rig: Harness
let entries: Sidecar['state']

beforeAll(async () => {
  rig = await openHarness({ state }, ['common', `state-${state}`, 'secrets-file'], instances)
  await rig.start('carts', 'carts-sidecar', 'carts-2', 'carts-2-sidecar')
  entries = rig.sidecar('carts').state
})
afterAll(() => rig?.close())

const can = capabilityOf('state', state)

/** Returns `true` for a refusal because of a changed entry. */
const refused = (saving: Promise<void>): Promise<Seen> =>
  saving.then(
    () => 'accepted',
    (error: Error) => (error instanceof Refusal && error.code === 'etag-mismatch') || String(error),
  )

const read = async (key: string): Promise<unknown> => (await entries.get(key))?.value
const etagOf = async (key: string) => (await entries.get(key))?.etag ?? 'none'

/**
 * Sends a transaction through the sidecar's HTTP API, because the chassis has none. Returns the
 * status.
 */
async function transact(operations: readonly object[]): Promise<number> {
  const answer = await rig.ask({ sidecar: 'carts' }, '/v1.0/state/statestore/transaction', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ operations }),
  })
  return answer.status
}

describe(`entries in ${state}`, () => {
  can('values', async () => {
    const values = [
      { nested: { list: [1, 2.5, null], text: 'grün 🛒 "quoted" \\ \n' } },
      [],
      'text',
      0,
      false,
      9_007_199_254_740_991,
    ]
    for (const [index, value] of values.entries()) await entries.save(`value-${index}`, value)
    const back = await Promise.all(values.map((_, index) => read(`value-${index}`)))
    await entries.delete('value-0')
    const gone = [await read('value-0'), await read('never there')]
    return same([...back, ...gone.map(String)], [...values, 'undefined', 'undefined'])
  })

  can('first-write', async () => {
    await entries.save('first', 1, { etag: null })
    const second = await refused(entries.save('first', 2, { etag: null }))
    return second === true ? same([await read('first')], [1]) : second
  })

  can('first-write-late', async () => {
    await entries.save('unconditional', 1)
    const late = await refused(entries.save('unconditional', 2, { etag: null }))
    return late === true ? same([await read('unconditional')], [1]) : late
  })

  can('etags', async () => {
    await entries.save('tagged', 1)
    const stale = await etagOf('tagged')
    await entries.save('tagged', 2, { etag: stale })
    const lost = [entries.save('tagged', 3, { etag: stale }), entries.delete('tagged', stale)]
    const seen = (await Promise.all(lost.map(refused))).find((one) => one !== true)
    await entries.delete('tagged', await etagOf('tagged'))
    return seen ?? same([String(await read('tagged'))], ['undefined'])
  })

  can('concurrent-writers', async () => {
    await entries.save('counter', 0, { etag: null })
    const add = async (): Promise<void> => {
      const { value, etag } = (await entries.get('counter')) ?? { value: 0, etag: 'none' }
      if ((await refused(entries.save('counter', Number(value) + 1, { etag }))) === true)
        return add()
    }
    await Promise.all(upTo(20).map(add))
    return same([await read('counter')], [20])
  })

  can('ttl', async () => {
    await entries.save('brief', 1, { ttlSeconds: 2 })
    const there = same([await read('brief')], [1])
    if (there !== true) return there
    return within(10_000, async () => same([String(await read('brief'))], ['undefined']))
  })

  can('ttl-renewed', async () => {
    for (const key of ['renewed', 'kept', 'brief too'])
      await entries.save(key, 1, { ttlSeconds: 2 })
    await entries.save('renewed', 2, { ttlSeconds: 60 })
    await entries.save('kept', 2)
    await until('the time is over', async () => (await read('brief too')) === undefined)
    return same([await read('renewed'), await read('kept')], [2, 2])
  })

  can('transaction', async () => {
    await entries.save('old', 1)
    const status = await transact([
      { operation: 'upsert', request: { key: 'new', value: 1 } },
      { operation: 'delete', request: { key: 'old' } },
    ])
    return same([status, await read('new'), String(await read('old'))], [204, 1, 'undefined'])
  })

  can('transaction-undone', async () => {
    await entries.save('changed', 1)
    const etag = await etagOf('changed')
    await entries.save('changed', 2)
    const options = { concurrency: 'first-write' }
    const status = await transact([
      { operation: 'upsert', request: { key: 'half', value: 1 } },
      { operation: 'upsert', request: { key: 'changed', value: 3, etag, options } },
    ])
    const after = [status >= 400, String(await read('half')), await read('changed')]
    return same(after, [true, 'undefined', 2])
  })

  can('odd-keys', async () => {
    const keys = [
      'a b',
      'a/b',
      "a'b",
      'a"b',
      'a%20b',
      'a%b',
      'a_b',
      'a*?[b]',
      'a\\b',
      'ä🛒',
      'a:b',
      'A B',
    ]
    for (const key of keys) await entries.save(key, key)
    return same(await Promise.all(keys.map(read)), keys)
  })

  can('megabyte', async () => {
    const large = 'x'.repeat(1_000_000)
    await entries.save('large', large)
    return (await read('large')) === large || 'another value'
  })

  can('shared', async () => {
    await entries.save('seen by both', 1)
    const other = rig.sidecar('carts-2').state
    const entry = await other.get('seen by both')
    await other.save('seen by both', 2, { etag: entry?.etag ?? 'none' })
    return same([entry?.value, await read('seen by both')], [1, 2])
  })

  can('crash', async () => {
    await Promise.all(upTo(20).map((n) => entries.save(`saved-${n}`, n)))
    const dying = rig.server ?? 'carts-sidecar'
    await rig.kill(dying)
    await until(`${dying} is back`, () => rig.isReady(dying), 60_000)
    return within(30_000, async () =>
      same(
        await Promise.all(upTo(20).map((n) => read(`saved-${n}`))).catch((error) => [
          String(error),
        ]),
        upTo(20),
      ),
    )
  })
})
