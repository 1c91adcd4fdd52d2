import type { Check } from './check.ts'
import { publishedBy } from './checks/events.ts'
import { checks, type Findings, type Result, toResult } from './checks.ts'
import { withoutInFlight } from './in-flight.ts'
import type { Snapshot } from './snapshot.ts'

export type Verdict = {
  ok: boolean
  /** Orders that were left out because they had changed a moment ago. */
  inMotion: number
  checks: Result[]
}

export type Judge = {
  /** Runs the checks about orders on some of them, which come with everything about them. */
  add(slice: Snapshot): void
  /** Runs the checks about the shop as a whole and returns the verdict over all. */
  finish(shop: Snapshot): Verdict
}

/** The most findings of a check that are kept; the rest is counted. */
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

/** Judges a slice in which nothing moves once for all judges: nearly every slice of a long history is such a one. */
function judgeOnce(slice: Snapshot): Judged {
  const known = judged.get(slice) ?? judgeSlice(slice)
  judged.set(slice, known)
  return known
}

/**
 * Judges a shop of any size slice by slice, in memory that does not grow with it.
 *
 * @param graceSeconds what changed less than this ago is left out; with none everything must be at rest
 * @param shown findings of each check that its detail names
 */
export function createJudge(graceSeconds: number, shown = 5): Judge {
  const findings = new Map<string, Findings>()
  const said = new Map<string, number>()
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
      said.set(service, (said.get(service) ?? 0) + count)
    note(found)
  }

  function finish(shop: Snapshot): Verdict {
    const inSlices = inMotion
    const rest = settled(shop)
    inMotion = inSlices
    // an event id does not tell which order it was about
    const inboxes = moves ? [] : rest.inboxes
    note(findIn({ ...rest, inboxes, saidInSlices: Object.fromEntries(said) }, 'shop'))
    const nothing: Findings = { kept: [], count: 0 }
    const results = checks.map((each) => toResult(each, findings.get(each.name) ?? nothing, shown))
    return { ok: results.every(({ ok }) => ok), inMotion, checks: results }
  }

  return { add, finish }
}
