import type { Check } from './check.ts'
import { publishedBy } from './checks/events.ts'
import { checks, type Findings, type Result, toResult } from './checks.ts'
import { withoutInFlight } from './in-flight.ts'
import type { Snapshot } from './snapshot.ts'

export type Verdict = {
  ok: boolean
  /** Number of orders left out because of a recent change. */
  inMotion: number
  checks: Result[]
}

export type Judge = {
  /** Runs the order checks on a slice. A slice holds all rows of its orders. */
  add(slice: Snapshot): void
  /** Runs the checks of the whole shop and returns the combined verdict. */
  finish(shop: Snapshot): Verdict
}

/** Findings kept per check; further findings are only counted. */
const keptFindings = 1_000

type Found = [check: string, violations: string[]][]
type Judged = { found: Found; events: Record<string, number> }

const findIn = (world: Snapshot, wanted: Check['scope']): Found =>
  checks.flatMap(({ name, scope, violations }): Found => {
    const found = scope === wanted ? violations(world) : []
    return found.length > 0 ? [[name, found]] : []
  })

const judgeSlice = (slice: Snapshot): Judged => ({
  found: findIn(slice, 'orders'),
  events: publishedBy(slice),
})

const judged = new WeakMap<Snapshot, Judged>()

/**
 * Judges a slice without orders in flight once and shares the result among all judges. Nearly every
 * slice of a long history is such a slice.
 */
function judgeOnce(slice: Snapshot): Judged {
  const known = judged.get(slice) ?? judgeSlice(slice)
  judged.set(slice, known)
  return known
}

/**
 * Judges a shop of any size slice by slice, in constant memory.
 *
 * @param graceSeconds leaves out orders and events younger than this; 0 means everything must be
 * idle
 * @param shown number of findings per check in `detail`
 */
export function createJudge(graceSeconds: number, shown = 5): Judge {
  const findings = new Map<string, Findings>()
  const published = new Map<string, number>()
  let inMotion = 0
  let moves = false

  function note(found: Found): void {
    for (const [name, these] of found) {
      const { kept, count } = findings.get(name) ?? { kept: [], count: 0 }
      for (const one of these.slice(0, keptFindings - kept.length)) kept.push(one)
      findings.set(name, { kept, count: count + these.length })
    }
  }

  function settled(world: Snapshot): Snapshot {
    const rest = withoutInFlight(world, graceSeconds)
    inMotion += world.orders.length - rest.orders.length
    moves ||= rest.orders.length < world.orders.length || rest.users.length < world.users.length
    return rest
  }

  function add(slice: Snapshot): void {
    const rest = settled(slice)
    const isAtRest =
      rest.orders.length === slice.orders.length && rest.users.length === slice.users.length
    const { found, events } = isAtRest ? judgeOnce(slice) : judgeSlice(rest)
    for (const [service, count] of Object.entries(events))
      published.set(service, (published.get(service) ?? 0) + count)
    note(found)
  }

  function finish(shop: Snapshot): Verdict {
    const inSlices = inMotion
    const rest = settled(shop)
    inMotion = inSlices
    // an event id does not name an order
    const inboxes = moves ? [] : rest.inboxes
    note(findIn({ ...rest, inboxes, publishedInSlices: Object.fromEntries(published) }, 'shop'))
    const nothing: Findings = { kept: [], count: 0 }
    const results = checks.map((each) => toResult(each, findings.get(each.name) ?? nothing, shown))
    return { ok: results.every(({ ok }) => ok), inMotion, checks: results }
  }

  return { add, finish }
}
