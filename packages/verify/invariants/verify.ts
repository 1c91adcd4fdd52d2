import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Places } from '@sidecart/client/connection-info.ts'
import { asOperator, type ShopClient } from '@sidecart/client/shop-client.ts'
import { readIfThere, writeWhole } from '@sidecart/platform/config/files.ts'
import { runChecks } from './checks.ts'
import { withoutInFlight } from './in-flight.ts'
import { createJudge, type Verdict } from './judge.ts'
import { type Mark, openReader, type ReadOptions } from './read.ts'
import type { Snapshot } from './snapshot.ts'

export type { Verdict } from './judge.ts'

export type VerifyOptions = {
  /** Maximum seconds for an order, an event or a mail to become idle. */
  graceSeconds?: number
  /** Checks the whole history, including rows unchanged since the last clean check. */
  all?: boolean
}

const lookEveryMs = 500
/** Consecutive snapshots with new orders after which the shop counts as busy. */
const busyAfter = 4

/**
 * Checks all invariants. Violations by rows in flight have `graceSeconds` to disappear; violations
 * by rows idle for longer are reported at once. On a busy shop, rows in flight are left out.
 *
 * The first snapshot covers everything, or all changes since the last clean check. Later snapshots
 * cover changes since the first.
 */
export async function verify(
  places: Places,
  { graceSeconds = 30, all = false }: VerifyOptions = {},
): Promise<Verdict> {
  const operator = asOperator(places)
  const overlapSeconds = Math.max(600, 2 * graceSeconds)
  const before = all ? undefined : readMark(places)
  const first = await look(places, operator, graceSeconds, { since: before, overlapSeconds })
  const verdict = await settle(first)
  if (verdict.ok) keepMark(places, first.mark)
  return verdict

  async function settle(found: Look): Promise<Verdict> {
    const began = performance.now()
    for (let arrivals = 0, now = found; ; ) {
      const late = performance.now() - began > graceSeconds * 1000
      if (late || now.strict.ok) return now.strict
      if (arrivals >= busyAfter || !now.lenient.ok) return now.lenient
      await pause(lookEveryMs)
      const next = await look(places, operator, graceSeconds, {
        since: places.memory === undefined ? undefined : found.mark,
        overlapSeconds,
      })
      arrivals = next.newest === now.newest ? 0 : arrivals + 1
      now = next
    }
  }
}

type Look = { strict: Verdict; lenient: Verdict; mark: Mark; newest: string | undefined }

/** Judges one snapshot twice: strictly, and without the rows in flight. */
async function look(
  places: Places,
  operator: ShopClient,
  graceSeconds: number,
  options: ReadOptions,
): Promise<Look> {
  const reader = await openReader(places, operator, { ...options, mails: true })
  try {
    const judges = { strict: createJudge(0), lenient: createJudge(graceSeconds) }
    for await (const slice of reader.slices()) {
      judges.strict.add(slice)
      judges.lenient.add(slice)
    }
    const shop = await reader.shop()
    const { mark, newest } = reader
    const verdicts = { strict: judges.strict.finish(shop), lenient: judges.lenient.finish(shop) }
    return { ...verdicts, mark, newest }
  } finally {
    await reader.close()
  }
}

/** Judges a snapshot in memory. With `graceSeconds` 0, everything must be idle. */
export function verdict(world: Snapshot, graceSeconds: number): Verdict {
  const judged = withoutInFlight(world, graceSeconds)
  const checks = runChecks(judged)
  return {
    ok: checks.every(({ ok }) => ok),
    inMotion: world.orders.length - judged.orders.length,
    checks,
  }
}

const markFile = (memory: string) => join(memory, 'checked.json')

function readMark({ memory }: Places): Mark | undefined {
  const text = memory && readIfThere(markFile(memory))
  return text ? (JSON.parse(text) as Mark) : undefined
}

function keepMark({ memory }: Places, mark: Mark): void {
  if (memory) writeWhole(markFile(memory), JSON.stringify(mark))
}
