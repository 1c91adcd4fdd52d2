import { join } from 'node:path'
import { readIfThere, writeWhole } from '@sidecart/platform/config/files.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { z } from 'zod'

const Shop = z.object({
  /** The component sets of the run. */
  on: z.object({ broker: z.string(), state: z.string() }),
  date: z.iso.date(),
  seconds: z.number(),
  systemTests: z.number(),
  chaos: z.object({
    seed: z.number(),
    orders: z.number(),
    faults: z.number(),
    recoverySeconds: z.number(),
  }),
  failures: z.array(z.string()),
})
/** Result of the whole shop on a set: the system tests, then orders under faults. */
export type Shop = z.output<typeof Shop>

const Result = z.object({
  kind: z.enum(['broker', 'state']),
  set: z.string(),
  /** Versions under test, e.g. `Dapr 1.18.2, Redis 7.0.15`. */
  versions: z.string(),
  date: z.iso.date(),
  seconds: z.number(),
  /** Whether each capability under test works. */
  works: z.record(z.string(), z.boolean()),
  /** Differences from the declared capabilities, with the observation. */
  failures: z.array(z.string()),
  /** Absent when only the capabilities were tested. */
  shop: Shop.optional(),
})
/** Result of one conformance run of one set. */
export type Result = z.output<typeof Result>

const fileOf = ({ root }: Project) => join(root, 'components/conformance.json')

/** Returns the latest stored result of each set. */
export function readResults(project: Project): Result[] {
  return z.array(Result).parse(JSON.parse(readIfThere(fileOf(project)) ?? '[]'))
}

/** Returns all failures of a result: capabilities and the whole shop. */
export const failuresOf = ({ failures, shop }: Result): string[] => [
  ...failures,
  ...(shop?.failures ?? []),
]

/** Replaces the stored results of the same sets. */
export function keepResults(project: Project, fresh: readonly Result[]): Result[] {
  const name = ({ kind, set }: Result) => `${kind} ${set}`
  const replaced = new Set(fresh.map(name))
  const older = readResults(project).filter((one) => !replaced.has(name(one)))
  const all = [...older, ...fresh].sort((a, b) => name(a).localeCompare(name(b)))
  writeWhole(fileOf(project), `${JSON.stringify(all, null, 2)}\n`)
  return all
}
