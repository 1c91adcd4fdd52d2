import { join } from 'node:path'
import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { type HttpClient, openHttpClient } from '@sidecart/client/http-client.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import {
  type Asker,
  asOperator,
  type Customer,
  confirmEmail,
  register,
} from '@sidecart/verify/chaos/customer.ts'
import { unsubscribe } from '@sidecart/verify/chaos/fixtures.ts'
import { untilRest } from '@sidecart/verify/chaos/wait-until-idle.ts'
import { createRecorder, type JournalLine } from '@sidecart/verify/invariants/client-journal.ts'
import type { Snapshot } from '@sidecart/verify/invariants/snapshot.ts'

export type Buyers = {
  gateway: HttpClient
  operator: Asker
  customers: Customer[]
  record(line: JournalLine): void
  /** Waits until the shop is idle. Returns the violations and the snapshot. */
  settle(): Promise<{ violations: string[]; world: Snapshot }>
}

/** Registers customers of a running shop, one in four with mails, and opens a client journal. */
export async function buyers(name: string, count: number): Promise<Buyers> {
  const shop = await connectionInfo()
  const gateway = openHttpClient(shop.gateway)
  const file = join(projectAt().home, 'chaos', `${name}-${Date.now()}.jsonl`)
  const record = createRecorder(file)
  const operator = asOperator(gateway, shop.signingKeys)
  const customers = await atATime(
    4,
    Array.from({ length: count }, () => () => register(gateway)),
  )
  await Promise.all(customers.slice(count / 4).map(unsubscribe))
  // notifications: optional
  for (const customer of customers.slice(0, count / 4))
    await confirmEmail(gateway, shop.inbox ?? '', customer)
  // /notifications
  for (const { customerId } of customers) record({ is: 'customer', customerId })
  return {
    gateway,
    operator,
    customers,
    record,
    async settle() {
      const { checks, world } = await untilRest({ ...shop, record: file }, 90, () => {})
      return { violations: checks.flatMap(({ violations }) => violations), world }
    },
  }
}

/** Runs all tasks, at most `most` concurrently. */
export async function atATime<T>(most: number, tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = []
  const queue = tasks.entries()
  async function worker(): Promise<void> {
    for (const [index, task] of queue) results[index] = await task()
  }
  await Promise.all(Array.from({ length: most }, worker))
  return results
}
