import type { Database, Tx } from '../persistence/database.ts'

/** Runs work once per event id, however often the event is delivered. */
export type Inbox<T> = {
  once(eventId: string, work: (tx: T) => Promise<void>): Promise<'applied' | 'duplicate'>
}

/** An inbox in the consumer's own database: the processed mark and the work commit together. */
export function createInbox<S>(database: Database<S>): Inbox<Tx<S>> {
  return {
    once: (eventId, work) =>
      database.inTransaction(async (tx) => {
        const { numInsertedOrUpdatedRows } = await (tx as unknown as Tx<unknown>).rows
          .insertInto('inbox')
          .values({ event_id: eventId })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst()
        if (numInsertedOrUpdatedRows === 0n) return 'duplicate'
        await work(tx)
        return 'applied'
      }),
  }
}
