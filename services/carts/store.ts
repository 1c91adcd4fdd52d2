import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { DeadLetter, DeadLetters } from '../../chassis/dead-letters.ts'
import { Fault, Refusal } from '../../chassis/refusal.ts'
import type { StateEntry, Transport } from '../../chassis/transport.ts'
import { Line } from './contract.ts'
import { type Basket, unused } from './domain.ts'
import type { Baskets } from './ports.ts'

type State = Transport['state']
/** Waits before another try, so that two writers do not meet again. */
type Pause = (attempt: number) => Promise<unknown>

const basketSeconds = 30 * 86_400
const mostAttempts = 10
const mostLetters = 200
/** A document has to fit into a message to the sidecar (4 MiB). */
const mostLetterBytes = 2_000_000

const StoredBasket = z.object({
  revision: z.string(),
  lines: z.array(Line),
  orders: z.array(z.string()),
})

const toBasket = (entry: StateEntry | undefined): Basket =>
  entry ? StoredBasket.parse(entry.value) : unused

/** A document per user, which ends 30 days after its last change. */
export function createBaskets(state: State, newRevision: () => string, pause = jitter): Baskets {
  const keyOf = (userId: string) => `cart:${userId}`
  return {
    find: async (userId) => toBasket(await state.get(keyOf(userId))),
    async update(userId, change) {
      const save = { key: keyOf(userId), ttlSeconds: basketSeconds }
      const updated = await updateDocument(state, save, pause, (entry) => {
        const before = toBasket(entry)
        const after = change(before)
        return after === before
          ? { same: before }
          : { changed: { ...after, revision: newRevision() } }
      })
      return updated ?? 'contended'
    },
  }
}

/** Dead letters of a service without a database: one document, the newest 200. */
export function createDeadLetters(
  state: State,
  now: () => Date = () => new Date(),
  pause = jitter,
): DeadLetters {
  const key = 'dead-letters'
  const lettersIn = (entry: StateEntry | undefined) => (entry?.value ?? []) as DeadLetter[]
  const all = async () => lettersIn(await state.get(key))

  async function update(change: (letters: DeadLetter[]) => DeadLetter[]): Promise<void> {
    const updated = await updateDocument(state, { key }, pause, (entry) => ({
      changed: bounded(change(lettersIn(entry))),
    }))
    if (!updated) throw new Fault('contended', 'too many dead letters at once')
  }

  return {
    keep: (letter) =>
      update((letters) => [
        { ...letter, arrivedAt: now().toISOString() },
        ...letters.filter(({ id }) => id !== letter.id),
      ]),
    list: async (limit) => (await all()).slice(0, limit),
    find: async (id) => (await all()).find((letter) => letter.id === id),
    markReplayed: (id) =>
      update((letters) =>
        letters.map((letter) =>
          letter.id === id ? { ...letter, replayedAt: now().toISOString() } : letter,
        ),
      ),
  }
}

function bounded(letters: readonly DeadLetter[]): DeadLetter[] {
  let bytes = 0
  return letters.slice(0, mostLetters).filter((letter) => {
    bytes += Buffer.byteLength(JSON.stringify(letter))
    return bytes <= mostLetterBytes
  })
}

/** Reads, changes and saves a document; again while others are faster. `undefined`: they were, every time. */
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
