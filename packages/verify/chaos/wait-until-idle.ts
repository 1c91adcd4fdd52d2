import { setTimeout as pause } from 'node:timers/promises'
import type { Places } from '@sidecart/client/connection-info.ts'
import { asOperator } from '@sidecart/client/shop-client.ts'
import { readSnapshot, withMails } from '../invariants/read.ts'
import type { Snapshot } from '../invariants/snapshot.ts'
import { type Verdict, verdict } from '../invariants/verify.ts'

export type Rest = Verdict & { world: Snapshot; seconds: number }

const lookEveryMs = 1_000

/**
 * Waits until nothing is in flight and every invariant holds, or until `seconds` have passed
 * without a mail being sent, and returns the verdict of that moment. Mails leave one by one, long
 * after their events.
 */
export async function untilRest(
  places: Places,
  seconds: number,
  report: (line: string) => void,
): Promise<Rest> {
  const began = performance.now()
  const since = () => Math.round((performance.now() - began) / 100) / 10
  let mailsSent = 0
  let patientUntil = seconds

  const look = (): Promise<Snapshot> => readSnapshot(places, asOperator(places))

  for (;;) {
    const late = since() > patientUntil
    const world = await look().catch((error: Error) => error)
    if (world instanceof Error) {
      if (late) throw world
      report(world.message)
    } else {
      const now = verdict(world, 0)
      const mails = mailsOf(world)
      if (mails.sent > mailsSent && mailsSent > 0) patientUntil = since() + seconds
      mailsSent = mails.sent
      if (late || (now.ok && mails.waiting === 0))
        return judged(await withMails(world, places), since())
      report(unsettled(now) || `${mails.waiting} mails wait`)
    }
    await pause(lookEveryMs)
  }
}

const judged = (world: Snapshot, seconds: number): Rest => ({
  ...verdict(world, 0),
  world,
  seconds,
})

function mailsOf({ notices }: Snapshot): { sent: number; waiting: number } {
  const count = (...these: string[]) =>
    notices.filter(({ status }) => these.includes(status)).length
  return { sent: count('sent'), waiting: count('pending', 'sending') }
}

const unsettled = ({ checks }: Verdict): string =>
  checks
    .filter(({ ok }) => !ok)
    .map(({ name, violations }) => `${name} (${violations.length})`)
    .join(', ')
