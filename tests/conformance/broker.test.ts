import type { ServiceManifest } from '@sidecart/chassis/contract/manifest.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import { capabilityOf, type Seen, same, within } from './capability.ts'
import { type Harness, openHarness } from './harness.ts'
import { type Journal, openJournal } from './journal.ts'
import {
  eventOf,
  eventsAbout,
  eventsOf,
  publish,
  publishEach,
  publishUntil,
  upTo,
} from './publish.ts'
import { broker } from './sets.ts'

// Topics and apps are the shop's, so that the shop's component files are tested; the events are the
// suite's.
const confirmed = 'orders-confirmed-v1' // received by catalog and another service
const cancelled = 'orders-cancelled-v1' // received by catalog alone
const other = anotherSubscriber()
const instances = [
  { name: 'orders', app: 'orders', journal: 'orders', receives: ['payments-refunded-v1'] },
  { name: 'catalog', app: 'catalog', journal: 'catalog', receives: [confirmed, cancelled] },
  { name: 'catalog-2', app: 'catalog', journal: 'catalog', receives: [confirmed, cancelled] },
  { name: other.name, app: other.name, journal: 'users', receives: other.receives },
]

let rig: Harness
let orders: Sidecar
let catalog: Journal
let others: Journal
let server = ''
/** Slow trials start first and are evaluated after the others. */
let heardByBoth: Seen
let handledAfterAppAway: Promise<Seen>
let handledAfterSidecarCrash: Promise<Seen> | undefined

beforeAll(async () => {
  rig = await openHarness({ broker }, ['common', `pubsub-${broker}`, 'secrets-file'], instances)
  server = rig.server ?? ''
  await rig.start('orders', 'orders-sidecar')
  orders = rig.sidecar('orders')
  await publish(orders, eventsOf(cancelled, 'early', [1, 2, 3]))
  await rig.start('catalog', 'catalog-sidecar', other.name, `${other.name}-sidecar`)
  catalog = openJournal(rig.journalOf('catalog'))
  others = openJournal(rig.journalOf(other.name))
  heardByBoth = await everySubscriber()
  handledAfterAppAway = appAway().catch(String)
  await sidecarDies()
  handledAfterSidecarCrash = receives(catalog, 'orphan', [1])
})
beforeEach(() => rig.start('catalog', 'catalog-sidecar'))
afterAll(async () => {
  await catalog?.close()
  await others?.close()
  await rig?.close()
})

/** The first service but catalog that receives confirmed orders: carts, or notifications in a shop without carts. */
function anotherSubscriber(): { name: string; receives: string[] } {
  const topicsOf = ({ subscribesTo = [] }: ServiceManifest) =>
    subscribesTo.map(({ topic }) => topic)
  const found = manifests.find(
    (service) => service.name !== 'catalog' && topicsOf(service).includes(confirmed),
  )
  if (!found) throw new Error(`only one service receives ${confirmed}; the trials need two`)
  const receives = [confirmed, cancelled].filter((topic) => topicsOf(found).includes(topic))
  return { name: found.name, receives }
}

async function everySubscriber(): Promise<Seen> {
  await publish(orders, eventsOf(confirmed, 'all', upTo(5)))
  const all = [catalog, others].map((journal) => receives(journal, 'all', upTo(5)))
  return (await Promise.all(all)).find((seen) => seen !== true) ?? true
}

/** Publishes events while the app is down and its sidecar has noticed. */
async function appAway(): Promise<Seen> {
  await rig.stop(other.name)
  const noticed = () => rig.logOf(`${other.name}-sidecar`).includes('un-healthy')
  await until('the sidecar has noticed', noticed, 30_000)
  await publish(orders, eventsOf(confirmed, 'app-away', upTo(20)))
  await rig.start(other.name)
  const all = await receives(others, 'app-away', upTo(20))
  return all === true ? same(await others.deadLetters(), []) : all
}

/** Kills the sidecar while the handler of a delivered event is running; the handler then fails. */
async function sidecarDies(): Promise<void> {
  await publish(orders, eventsOf(cancelled, 'orphan', [1], { hangs: 3000 }))
  await until('the orphan is being handled', async () => (await catalog.attempts('orphan')).length)
  await rig.kill('catalog-sidecar')
}

const can = capabilityOf('broker', broker)

/** Waits until a journal holds exactly these numbers under a key, in any sequence. */
const receives = (
  journal: Journal,
  key: string,
  ns: readonly number[],
  ms = 60_000,
): Promise<Seen> =>
  within(ms, async () =>
    same(
      (await journal.received(key)).map(({ n }) => n).sort((a, b) => a - b),
      ns,
    ),
  )

const things = 12

/** Returns the numbers of events that were applied after a newer one about the same thing. */
async function overtaken(key: string): Promise<number[]> {
  const newest = new Map<number, number>()
  return (await catalog.received(key)).flatMap(({ n }) => {
    const before = newest.get(n % things) ?? 0
    newest.set(n % things, Math.max(n, before))
    return n < before ? [n] : []
  })
}

const hearsInOrder = async (key: string, ns: readonly number[]): Promise<Seen> => {
  const all = await receives(catalog, key, ns)
  return all === true
    ? same(
        (await catalog.received(key)).map(({ n }) => n),
        ns,
      )
    : all
}

describe(`events through ${broker}`, () => {
  can('durable-subscription', () => receives(catalog, 'early', [1, 2, 3]))

  can('every-subscriber', async () => heardByBoth)

  can('ordered', async () => {
    await publishEach(orders, eventsOf(confirmed, 'ordered', upTo(30)))
    return hearsInOrder('ordered', upTo(30))
  })

  can('bulk', async () => {
    await publish(orders, eventsOf(confirmed, 'bulk', upTo(100)))
    return receives(catalog, 'bulk', upTo(100))
  })

  can('ordered-bulk', () => hearsInOrder('bulk', upTo(100)))

  can('megabyte', async () => {
    await publish(orders, eventsOf(cancelled, 'large', [1], { padding: 'x'.repeat(1_000_000) }))
    return receives(catalog, 'large', [1])
  })

  can('duplicates', async () => {
    const [event] = eventsOf(cancelled, 'thrice', [1])
    if (event) await publishEach(orders, [event, event, event])
    await publish(orders, eventsOf(cancelled, 'after', [1]))
    await receives(catalog, 'after', [1])
    return receives(catalog, 'thrice', [1])
  })

  can('deduplicates', async () => {
    const copies = await catalog.attempts('thrice')
    return copies.length === 1 || `${copies.length} copies came`
  })

  can('topic-scopes', async () => {
    const others = eventsOf('payments-charged-v1', 'forged', [1])
    return publish(orders, others).then(
      () => 'orders published what only payments may publish',
      () => true as const,
    )
  })

  can('retries', async () => {
    await publish(orders, eventsOf(cancelled, 'twice', [1], { fails: 2 }))
    const applied = await receives(catalog, 'twice', [1])
    return applied === true ? same([(await catalog.attempts('twice')).length], [3]) : applied
  })

  can('ordered-retries', async () => {
    const [first, ...rest] = upTo(5).map((n) =>
      eventOf(cancelled, { key: 'overtaken', n, fails: n === 1 ? 2 : 0 }),
    )
    if (first) await publishEach(orders, [first, ...rest])
    return hearsInOrder('overtaken', upTo(5))
  })

  can('app-crash', async () => {
    await publish(orders, eventsOf(cancelled, 'crash', [1], { crashes: true }))
    return receives(catalog, 'crash', [1])
  })

  can('poison', async () => {
    const event = eventOf(cancelled, { key: 'poison', n: 1, fails: 99 })
    await publish(orders, [event])
    const kept = await within(60_000, async () => {
      const letter = (await catalog.deadLetters()).find(({ id }) => id === event.id)
      return letter?.cause === 'the sidecar gave up bringing it' || JSON.stringify(letter ?? 'none')
    })
    if (kept !== true) return kept
    const path = `/catalog/dead-letters/${event.id}/replay`
    const replay = await rig.ask({ app: 'catalog' }, path, { method: 'POST' })
    return replay.ok ? receives(catalog, 'poison', [1]) : `the replay was answered ${replay.status}`
  })

  can('consumer-away', async () => {
    await rig.stop('catalog', 'catalog-sidecar')
    await publish(orders, eventsOf(confirmed, 'away', upTo(20)))
    await rig.start('catalog', 'catalog-sidecar')
    return receives(catalog, 'away', upTo(20))
  })

  can('competing', async () => {
    await rig.start('catalog-2', 'catalog-2-sidecar')
    let round = 0
    // a broker may need some seconds to divide the work
    const seen = await within(30_000, () => sharesWork(`shared ${++round}`))
    await rig.stop('catalog-2', 'catalog-2-sidecar')
    return seen
  })

  async function sharesWork(key: string): Promise<Seen> {
    await publish(orders, eventsAbout(confirmed, things, key, 60))
    const all = await receives(catalog, key, upTo(60))
    if (all !== true) return all
    const attempts = await catalog.attempts(key)
    if (attempts.length > 90) return `60 events were brought ${attempts.length} times`
    const handedOver = attempts.filter(
      ({ instance }, index) => index > 0 && instance !== attempts[index - 1]?.instance,
    ).length
    // a mere takeover by the other instance is not sharing
    return handedOver > 2 || `the work changed hands ${handedOver} times`
  }

  can('ordered-competing', async () => {
    await rig.start('catalog-2', 'catalog-2-sidecar')
    const [first, ...rest] = eventsAbout(confirmed, things, 'of one thing', 60, { fails: 2 })
    if (first) await publishEach(orders, [first, ...rest])
    const all = await receives(catalog, 'of one thing', upTo(60))
    await rig.stop('catalog-2', 'catalog-2-sidecar')
    return all === true ? same(await overtaken('of one thing'), []) : all
  })

  can('app-away', () => handledAfterAppAway)

  can('sidecar-crash', async () => (await handledAfterSidecarCrash) ?? 'nothing')
})

describe(`${broker} itself`, () => {
  can('broker-crash', async () => {
    await rig.stop('catalog', 'catalog-sidecar')
    await publish(orders, eventsOf(confirmed, 'kept', upTo(20)))
    await rig.kill(server)
    await until('the broker is back', () => rig.isReady(server), 60_000)
    await rig.start('catalog', 'catalog-sidecar')
    const kept = await receives(catalog, 'kept', upTo(20))
    return kept === true ? publishesAgain('found again') : kept
  })

  can('broker-away', async () => {
    await rig.stop(server)
    const accepted = await publish(orders, eventsOf(confirmed, 'nobody', [1])).then(
      () => true,
      () => false,
    )
    await rig.start(server)
    return accepted ? 'accepted by nobody' : publishesAgain('after all')
  })

  can('no-false-acknowledgement', async () => {
    const accepted = [...(await publishedUnderFire()), ...(await publishedToTheDying())]
    // what was delivered, but not acknowledged when the broker was killed, is delivered again after 45 s
    return within(75_000, async () => {
      const received = (await catalog.received('under fire')).map(({ n }) => n)
      return same(
        accepted.filter((n) => !received.includes(n)),
        [],
      )
    })
  })

  /**
   * Publishes events while the broker is killed three times. Returns the numbers of the accepted
   * events.
   */
  async function publishedUnderFire(): Promise<number[]> {
    let n = 0
    let over = false
    const next = () => (over ? undefined : eventOf(confirmed, { key: 'under fire', n: ++n }))
    const published = Promise.all(upTo(4).map(() => publishUntil(orders, next)))
    try {
      for (const _ of upTo(3)) {
        const before = n
        await until('some more were published', () => n > before + 50, 30_000)
        await rig.kill(server)
        await until('the broker is back', () => rig.isReady(server), 60_000)
      }
    } finally {
      over = true
    }
    return (await published).flat().map(({ data }) => (data as { n: number }).n)
  }

  /**
   * Publishes an event to a frozen broker and kills the broker. Returns the event's number if it
   * was accepted.
   */
  async function publishedToTheDying(): Promise<number[]> {
    rig.freeze(server)
    const published = publish(orders, eventsOf(confirmed, 'under fire', [0])).then(
      () => [0],
      () => [],
    )
    // Responses to these later requests prove that the sidecar has forwarded the event.
    for (const _ of upTo(20)) await rig.ask({ sidecar: 'orders' }, '/v1.0/metadata')
    await rig.kill(server)
    const accepted = await published
    await until('the broker is back', () => rig.isReady(server), 60_000)
    return accepted
  }

  /** Checks that an event can be published within 20 s and is received. */
  async function publishesAgain(key: string): Promise<Seen> {
    const published = await within(20_000, () =>
      publish(orders, eventsOf(confirmed, key, [1])).then(
        () => true as const,
        (error: Error) => error.message,
      ),
    )
    return published === true ? receives(catalog, key, [1]) : published
  }
})
