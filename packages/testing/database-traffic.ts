import pg from 'pg'

/** Statements executed by the database (with `begin` and `commit`), and messages to it that wait for an answer. */
export type DatabaseTraffic = { statements: number; roundTrips: number }

type Wire = { execute(...given: unknown[]): void; sync(): void }

/** Counts what all connections of this process send while `work` runs. */
export async function databaseTraffic(work: () => Promise<unknown>): Promise<DatabaseTraffic> {
  const wire = pg.Connection.prototype as unknown as Wire
  const { execute, sync } = wire
  const traffic = { statements: 0, roundTrips: 0 }
  wire.execute = function count(...given) {
    traffic.statements += 1
    execute.apply(this, given)
  }
  wire.sync = function count() {
    traffic.roundTrips += 1
    sync.call(this)
  }
  try {
    await work()
  } finally {
    Object.assign(wire, { execute, sync })
  }
  return traffic
}
