import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { lacksOf } from '@sidecart/platform/servers/registry.ts'
import { until } from '@sidecart/testing/until.ts'
import { expect, it } from 'vitest'
import {
  type Capability,
  capabilities,
  type Kind,
  reasonOf,
} from '../../components/capabilities.ts'

/** Result of a trial: `true`, or a description of the failure. */
export type Seen = true | string

/** Trials longer than a minute: run by `sidecart conformance`, not by `npm test`. */
const slow = ['no-false-acknowledgement']
const inAHurry = process.env.SIDECART_CONFORMANCE === 'quick'

/**
 * Defines a test per capability of the set under test: the capability works, or is declared as
 * lacking and does not work. `observe` returns the result, and throws only when the trial itself
 * fails.
 */
export function capabilityOf<K extends Kind>(kind: K, set: string) {
  const lacking = lacksOf(kind, set, join(import.meta.dirname, '../..'))
  return (name: Capability<K>, observe: () => Promise<Seen>, timeoutMs = 180_000) => {
    const lack = lacking[String(name)]
    const why = lack && reasonOf(lack)
    const title = `${String(name)}: ${capabilities[kind][name]}`
    it.skipIf(inAHurry && slow.includes(String(name)))(
      why ? `${title} (declared as lacking)` : title,
      async ({ task }) => {
        const seen = await observe()
        Object.assign(task.meta, { capability: name, works: seen === true })
        if (typeof lack === 'object') return
        if (why) expect(seen, `works, but is declared as lacking: ${why}`).not.toBe(true)
        else expect(seen).toBe(true)
      },
      timeoutMs,
    )
  }
}

/** Returns `true` when `look` does within the time, otherwise the last result. */
export async function within(ms: number, look: () => Promise<Seen>): Promise<Seen> {
  let last: Seen = 'nothing'
  const see = async () => {
    last = await look()
    return last === true
  }
  return until('it is seen', see, ms).then(
    () => true as const,
    () => last,
  )
}

/**
 * Returns `true` for lists of equal JSON values, otherwise a description of both. The order of an
 * object's members does not matter: sidecars write them in any order.
 */
export function same(actual: readonly unknown[], expected: readonly unknown[]): Seen {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)]
  return isDeepStrictEqual(actual, expected) || `${is} instead of ${should}`.slice(0, 500)
}
