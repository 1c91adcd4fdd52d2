import { withRetries } from '@sidecart/client/http-client.ts'
import type { JournalLine } from '../invariants/client-journal.ts'
import type { Line } from '../invariants/snapshot.ts'
import type { Customer } from './customer.ts'

export type Wanted = { key: string; lines: Line[]; card: string }
export type Placed = { outcome: 'accepted'; orderId: string } | { outcome: 'refused' | 'unknown' }

export type Placing = {
  record(line: JournalLine): void
  /** Milliseconds until the client gives up. */
  forMs?: number
  /** Time-out of one attempt in milliseconds. */
  timeoutMs?: number
}

const shipTo = {
  name: 'Charlie Chaos',
  street: 'FaultRun Street 1',
  postalCode: '20457',
  city: 'Hamburg',
  country: 'DE',
}

/**
 * Places an order with one idempotency key, retries until a final answer, and records every answer
 * in the journal.
 */
export async function placeOrder(
  { customerId, ask }: Customer,
  { key, lines, card }: Wanted,
  { record, forMs = 90_000, timeoutMs = 10_000 }: Placing,
): Promise<Placed> {
  const who = { customerId, key }
  const body = { lines, shipTo, card, cartId: key }
  const headers = { 'idempotency-key': key }
  let inDoubt = false
  record({ is: 'asked', ...who, lines })
  const reply = await withRetries(
    () => ask({ method: 'POST', path: '/orders', body, headers, timeoutMs }),
    {
      forMs,
      received(meaning, answer, why) {
        if (meaning === 'unknown') inDoubt = true
        const accepted = answer?.status === 202
        if (accepted)
          record({
            is: 'answered',
            ...who,
            outcome: 'accepted',
            orderId: String(answer.body.orderId),
            response: `${answer.location} ${answer.text}`,
          })
        else
          record({
            is: 'answered',
            ...who,
            outcome: meaning === 'unknown' ? 'unknown' : 'refused',
            why,
          })
      },
    },
  )
  if (reply?.status === 202) return { outcome: 'accepted', orderId: String(reply.body.orderId) }
  return { outcome: inDoubt ? 'unknown' : 'refused' }
}
