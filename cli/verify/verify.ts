import { setTimeout as pause } from 'node:timers/promises'
import { signIn } from '../shop-client.ts'
import { type Result, runChecks } from './checks.ts'
import { withoutMotion } from './motion.ts'
import { type Places, readWorld, withMails } from './read.ts'
import type { World } from './world.ts'

export type Verdict = {
  ok: boolean
  /** Orders that were left out because they had changed a moment ago. */
  inMotion: number
  checks: Result[]
}

export type VerifyOptions = {
  /** How long an order, a fact or a mail may take to come to rest. */
  graceSeconds?: number
}

const lookEveryMs = 500
/** Looks in a row that all saw new orders: the shop is open and busy. */
const busyAfter = 4

/**
 * Judges the shop. At rest everything must hold, and what does not is given `graceSeconds` to. What is wrong and
 * has not moved for that long is wrong at once. While new orders keep coming in, what has moved is left out.
 */
export async function verify(
  places: Places,
  { graceSeconds = 30 }: VerifyOptions = {},
): Promise<Verdict> {
  const began = performance.now()
  const operator = await signIn(places.gateway, places.operator.email, places.operator.password)
  let before: World | undefined
  for (let arrivals = 0; ; ) {
    const world = await readWorld(places, operator)
    const late = performance.now() - began > graceSeconds * 1000
    if (late || verdict(world, 0).ok) return verdict(await withMails(world, places), 0)
    arrivals = before && world.orders.length > before.orders.length ? arrivals + 1 : 0
    if (arrivals >= busyAfter || !verdict(world, graceSeconds).ok)
      return verdict(await withMails(world, places), graceSeconds)
    before = world
    await pause(lookEveryMs)
  }
}

/** With no grace everything must be at rest. */
export function verdict(world: World, graceSeconds: number): Verdict {
  const judged = withoutMotion(world, graceSeconds)
  const checks = runChecks(judged)
  return {
    ok: checks.every(({ ok }) => ok),
    inMotion: world.orders.length - judged.orders.length,
    checks,
  }
}
