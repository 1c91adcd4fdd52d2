import { setTimeout as sleep } from 'node:timers/promises'
import type { DeadLetter } from '@sidecart/chassis/contract/event.ts'
import { Fault, Refusal } from '@sidecart/chassis/core/errors.ts'
import type { DeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import type { Sidecar, StateEntry } from '@sidecart/chassis/sidecar/sidecar.ts'
import { z } from 'zod'
import { Line } from './contract.ts'
import { type Cart, revised, unused } from './domain.ts'
import type { CartStore } from './ports.ts'

type State = Sidecar['state']
/** Waits before the next attempt, so that two writers do not collide again. */
type Pause = (attempt: number) => Promise<unknown>

const cartSeconds = 30 * 86_400
const mostAttempts = 10
const mostLetters = 200
/** Bytes; the document must fit into a message to the sidecar (4 MiB). */
const mostLetterBytes = 2_000_000

const StoredCart = z.object({
  revision: z.string(),
  cartId: z.string().optional(),
  begunAt: z.number().optional(),
  lines: z.array(Line),
  orders: z.array(z.string()),
})

/** Converts a stored entry. A cart stored before ids existed gets the revision as the id. */
function toCart(entry: StateEntry | undefined): Cart {
  if (!entry) return unused
  const { cartId, begunAt, ...stored } = StoredCart.parse(entry.value)
  const cart = { ...stored, ...(begunAt !== undefined && { begunAt }) }
  return cartId ? { ...cart, cartId } : revised(cart, cart.revision)
}

/** Stores one document per user, which expires 30 days after the last change. */
export function createCartStore(
  state: State,
  newRevision: () => string,
  pause = jitter,
): CartStore {
  const keyOf = (userId: string) => `cart:${userId}`
  return {
    find: async (userId) => toCart(await state.get(keyOf(userId))),
    async update(userId, change) {
      const save = { key: keyOf(userId), ttlSeconds: cartSeconds }
      const updated = await updateDocument(state, save, pause, (entry) => {
        const before = toCart(entry)
        const after = change(before)
        return after === before ? { same: before } : { changed: revised(after, newRevision()) }
      })
      return updated ?? 'contended'
    },
  }
}

/** Dead letters of a service without a database: one document with at most 200 letters. */
export function createDeadLetters(
  state: State,
  now: () => Date = () => new Date(),
  pause = jitter,
): DeadLetters {
  const key = 'dead-letters'
  const lettersIn = (entry: StateEntry | undefined) => (entry?.value ?? []) as DeadLetter[]
  const all = async () => lettersIn(await state.get(key))
  const inMs = (ms: number) => new Date(now().getTime() + ms).toISOString()

  /** Saves the changed letters; a change that returns the same array saves nothing. */
  async function update(change: (letters: DeadLetter[]) => DeadLetter[]): Promise<void> {
    const updated = await updateDocument(state, { key }, pause, (entry) => {
      const before = lettersIn(entry)
      const after = change(before)
      return after === before ? { same: before } : { changed: bounded(after) }
    })
    if (!updated) throw new Fault('contended', 'too many dead letters at once')
  }

  const changeOne = (id: string, change: (letter: DeadLetter) => DeadLetter) =>
    update((letters) => letters.map((letter) => (letter.id === id ? change(letter) : letter)))

  return {
    keep: ({ againInMs, ...letter }) =>
      update((letters) => [
        {
          ...letter,
          arrivedAt: letters.find(({ id }) => id === letter.id)?.arrivedAt ?? inMs(0),
          ...(againInMs !== undefined && { nextAttemptAt: inMs(againInMs) }),
        },
        ...letters.filter(({ id }) => id !== letter.id),
      ]),
    list: async (limit, handledToo = false) =>
      (await all()).filter((letter) => handledToo || isOpen(letter)).slice(0, limit),
    count: async () => {
      const open = (await all()).filter(isOpen)
      const retrying = open.filter(({ nextAttemptAt }) => nextAttemptAt).length
      return { dead: open.length - retrying, retrying }
    },
    find: async (id) => (await all()).find((letter) => letter.id === id),
    markHandled: (id, how, by) =>
      changeOne(id, ({ nextAttemptAt: _, ...letter }) => ({
        ...letter,
        [`${how}At`]: inMs(0),
        ...(by && { handledBy: by }),
      })),
    async claimDue(leaseMs) {
      let due: DeadLetter | undefined
      await update((letters) => {
        due = letters.findLast(({ nextAttemptAt: at }) => at && at <= inMs(0))
        return due
          ? letters.map((one) => (one === due ? { ...one, nextAttemptAt: inMs(leaseMs) } : one))
          : letters
      })
      return due
    },
    forget: (id) => update((letters) => letters.filter((letter) => letter.id !== id)),
  }
}

const isOpen = ({ replayedAt, dismissedAt }: DeadLetter): boolean => !replayedAt && !dismissedAt

/** Makes room by forgetting letters that were handled. An open one is never dropped: then the broker has to keep what comes. */
function bounded(letters: readonly DeadLetter[]): DeadLetter[] {
  const open = letters.filter(isOpen)
  const fits = (kept: readonly DeadLetter[]) =>
    kept.length <= mostLetters && Buffer.byteLength(JSON.stringify(kept)) <= mostLetterBytes
  if (fits(letters)) return [...letters]
  if (fits(open)) return open
  throw new Fault('unavailable', `there is no room for more than ${mostLetters} dead letters`)
}

/**
 * Reads, changes and saves a document; repeats after a concurrent save. Returns `undefined` when every attempt
 * failed.
 */
async function updateDocument<T>(
  state: State,
  { key, ttlSeconds }: { key: string; ttlSeconds?: number },
  pause: Pause,
  change: (entry: StateEntry | undefined) => { same: T } | { changed: T },
): Promise<T | undefined> {
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    const entry = await state.get(key)
    const result = change(entry)
    if ('same' in result) return result.same
    try {
      await state.save(key, result.changed, {
        etag: entry?.etag ?? null,
        ...(ttlSeconds !== undefined && { ttlSeconds }),
      })
      return result.changed
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
    await pause(attempt)
  }
  return undefined
}

const jitter: Pause = (attempt) => sleep(Math.random() * 5 * attempt)
