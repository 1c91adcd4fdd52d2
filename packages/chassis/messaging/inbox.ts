import { type Database, isUniqueViolation, type Tx } from '../persistence/database.ts'
import type { MessagingTables } from '../persistence/messaging-tables.ts'
import { insertion } from '../persistence/statement.ts'

/** Runs work once per event id, however often the event is delivered. */
export type Inbox<T> = {
  once(eventId: string, work: (tx: T) => Promise<void>): Promise<'applied' | 'duplicate'>
}

const insertProcessed = insertion<MessagingTables>()('inbox', ['event_id'])

/**
 * An inbox in the consumer's own database: the processed mark and the work commit together. The mark is sent with the
 * first statement of the work, and the primary key refuses the second mark of an event, and with it the work.
 *
 * @param isOutdated whether the work failed because it relied on data that has changed: it then runs once more
 */
export function createInbox<S>(
  database: Database<S>,
  isOutdated: (error: unknown) => boolean = () => false,
): Inbox<Tx<S>> {
  const process = (eventId: string, work: (tx: Tx<S>) => Promise<void>) =>
    database.inTransaction(async (tx) => {
      await insertProcessed(tx.rows, [{ event_id: eventId }])
      await work(tx)
    })
  return {
    async once(eventId, work) {
      try {
        await process(eventId, work).catch((error: unknown) => {
          if (!isOutdated(error)) throw error
          return process(eventId, work)
        })
        return 'applied'
      } catch (error) {
        if (isUniqueViolation(error, 'inbox_pkey')) return 'duplicate'
        throw error
      }
    },
  }
}
