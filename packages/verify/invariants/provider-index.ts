import { createHash } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { ProviderEffect } from './snapshot.ts'

export type ProviderIndex = {
  /**
   * Reads lines appended since the last call. A torn last line is ignored: the provider never
   * answered the request.
   */
  catchUp(): Promise<void>
  /** Number of the last effect. */
  last(): number
  /** Returns at most 200,000 orders with effects after `last`. */
  after(last: number): string[]
  /** Returns the effects of orders after `low`, up to and including `high`. */
  between(low: string, high: string): ProviderEffect[]
  of(orderIds: readonly string[]): ProviderEffect[]
  /** Whether an index of the same log already existed. */
  readonly wasThere: boolean
  close(): void
}

const schema = `
  pragma busy_timeout = 60000; pragma synchronous = off; pragma cache_size = -16000;
  create table if not exists effects (order_id text not null, effect text not null, id text not null, charge text not null, amount integer not null);
  create index if not exists effects_of_order on effects (order_id);
  create index if not exists captures on effects (charge) where effect = 'captured';
  create table if not exists progress (offset integer not null, head text not null)`

type Row = { order_id: string; effect: string; id: string; charge: string; amount: number }

/**
 * Opens an index (order id → captures and refunds) of the provider's append-only log. The index is
 * stored in a SQLite file, and each line is read once, in constant memory. The index is rebuilt if
 * the log was replaced or truncated.
 */
export async function openProviderIndex(
  log: string,
  file: string,
  { anew = false } = {},
): Promise<ProviderIndex> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  if (anew || !(await isIndexOf(log, file))) rmSync(file, { force: true })
  const db = new DatabaseSync(file)
  db.exec(schema)
  const known = db.prepare('select offset from progress').get() as { offset: number } | undefined
  if (!known) db.exec(`insert into progress values (0, '')`)
  const insert = db.prepare('insert into effects values (?, ?, ?, ?, ?)')
  const captured = db.prepare(
    `select order_id from effects where charge = ? and effect = 'captured'`,
  )
  const range = db.prepare('select * from effects where order_id > ? and order_id <= ?')
  const one = db.prepare('select * from effects where order_id = ?')

  function add(line: string): void {
    const effect = JSON.parse(line) as ProviderEffect
    if (effect.effect === 'captured') {
      const { charge, reference, amount } = effect
      insert.run(reference, 'captured', charge, charge, amount)
    }
    if (effect.effect !== 'refunded') return
    const { refund, charge, amount } = effect
    const orderId = (captured.get(charge)?.order_id as string | undefined) ?? charge
    insert.run(orderId, 'refunded', refund, charge, amount)
  }

  return {
    wasThere: known !== undefined,
    async catchUp() {
      const source = await open(log, 'r').catch(() => undefined)
      if (!source) return
      try {
        db.exec('begin immediate')
        let { offset } = db.prepare('select offset from progress').get() as { offset: number }
        for await (const { lines, end } of wholeLines(source, offset)) {
          for (const line of lines) add(line)
          offset = end
        }
        db.prepare('update progress set offset = ?, head = ?').run(
          offset,
          await headOf(source, offset),
        )
        db.exec('commit')
      } finally {
        await source.close()
      }
    },
    last: () => Number(db.prepare('select coalesce(max(rowid), 0) as n from effects').get()?.n),
    after: (last) =>
      (
        db
          .prepare('select distinct order_id from effects where rowid > ? limit 200000')
          .all(last) as Row[]
      ).map(({ order_id }) => order_id),
    between: (low, high) => (range.all(low, high) as Row[]).map(toEffect),
    of: (ids) => ids.flatMap((id) => (one.all(id) as Row[]).map(toEffect)),
    close: () => db.close(),
  }
}

const toEffect = ({ order_id, effect, id, charge, amount }: Row): ProviderEffect =>
  effect === 'captured'
    ? { effect, charge, reference: order_id, amount }
    : { effect: 'refunded', refund: id, charge, amount }

async function* wholeLines(source: FileHandle, from: number) {
  const buffer = Buffer.alloc(1 << 20)
  for (let at = from; ; ) {
    const { bytesRead } = await source.read(buffer, 0, buffer.length, at)
    const end = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1
    if (end === 0) return
    at += end
    yield { lines: buffer.toString('utf8', 0, end - 1).split('\n'), end: at }
  }
}

/** Hashes the start of the log (at most 4 KiB), to recognize a replaced log. */
async function headOf(source: FileHandle, offset: number): Promise<string> {
  const bytes = Buffer.alloc(Math.min(4096, offset))
  await source.read(bytes, 0, bytes.length, 0)
  return createHash('sha256').update(bytes).digest('hex')
}

async function isIndexOf(log: string, file: string): Promise<boolean> {
  const source = await open(log, 'r').catch(() => undefined)
  try {
    const db = new DatabaseSync(file, { readOnly: true })
    try {
      const { offset, head } = db.prepare('select offset, head from progress').get() as {
        offset: number
        head: string
      }
      const size = (await source?.stat())?.size ?? 0
      return offset > 0 && !!source && size >= offset && (await headOf(source, offset)) === head
    } finally {
      db.close()
    }
  } catch {
    return false
  } finally {
    await source?.close()
  }
}
