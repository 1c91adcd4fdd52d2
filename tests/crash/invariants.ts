import { until } from '@sidecart/testing/until.ts'
import { type Result, runChecks } from '@sidecart/verify/invariants/checks.ts'
import { expect } from 'vitest'
import type { CrashShop } from './shop.ts'

/** Waits until the shop is idle and every invariant holds. Fails with the violations. */
export async function invariantsHold(shop: CrashShop): Promise<void> {
  let faults: Result[] = []
  const agree = async () => {
    faults = runChecks(await shop.world()).filter(({ ok }) => !ok)
    return faults.length === 0
  }
  await until('the invariants hold', agree, 90_000).catch(() => expect(faults).toEqual([]))
}
