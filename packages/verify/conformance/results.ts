import { join } from 'node:path'
import { readIfThere, writeWhole } from '@sidecart/platform/config/files.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { z } from 'zod'

const Shop = z.object({
  /** The sets that it stood on. */
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
/** What the whole shop went through: the system tests, then orders while things break. */
export type Shop = z.output<typeof Shop>

const Result = z.object({
  kind: z.enum(['broker', 'state']),
  set: z.string(),
  /** The programs that were tried, such as `Dapr 1.18.2, Redis 7.0.15`. */
  versions: z.string(),
  date: z.iso.date(),
  seconds: z.number(),
  /** What was seen of each capability that was tried. */
  works: z.record(z.string(), z.boolean()),
  /** Those that are not as declared, with what was seen. */
  failures: z.array(z.string()),
  /** Missing when only the capabilities were tried. */
  shop: Shop.optional(),
})
/** What one run of the suite has seen of one set. */
export type Result = z.output<typeof Result>

const fileOf = ({ root }: Project) => join(root, 'components/conformance.json')

/** The last results of each set that were kept. */
export function readResults(project: Project): Result[] {
  return z.array(Result).parse(JSON.parse(readIfThere(fileOf(project)) ?? '[]'))
}

/** Everything that was not as it should be. */
export const failuresOf = ({ failures, shop }: Result): string[] => [
  ...failures,
  ...(shop?.failures ?? []),
]

/** Puts results in place of older ones of the same sets. */
export function keepResults(project: Project, fresh: readonly Result[]): Result[] {
  const name = ({ kind, set }: Result) => `${kind} ${set}`
  const replaced = new Set(fresh.map(name))
  const older = readResults(project).filter((one) => !replaced.has(name(one)))
  const all = [...older, ...fresh].sort((a, b) => name(a).localeCompare(name(b)))
  writeWhole(fileOf(project), `${JSON.stringify(all, null, 2)}\n`)
  return all
}
