import { readdirSync, readFileSync } from 'node:fs'

const msPerTick = 10

type Usage = { pid: number; parent: number; ticks: number }

/** CPU milliseconds used by each program with all its descendants, including exited children. */
export const cpuMs = (roots: Record<string, number>): Record<string, number> =>
  perProgram(roots, (family) => family.reduce((sum, { ticks }) => sum + ticks, 0) * msPerTick)

/**
 * Memory (PSS) in MB of each program with all its descendants: a page shared by n processes counts
 * as 1/n in each.
 */
export const pssMb = (roots: Record<string, number>): Record<string, number> =>
  perProgram(roots, (family) => family.reduce((sum, { pid }) => sum + pssKb(pid), 0) / 1024)

function perProgram(
  roots: Record<string, number>,
  measure: (family: Usage[]) => number,
): Record<string, number> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const usages = pids.flatMap((pid) => usageOf(Number(pid)) ?? [])
  const children = Map.groupBy(usages, ({ parent }) => parent)
  const family = (usage: Usage): Usage[] => [
    usage,
    ...(children.get(usage.pid) ?? []).flatMap(family),
  ]
  const entries = Object.entries(roots).map(([name, root]) => {
    const members = usages.filter(({ pid }) => pid === root).flatMap(family)
    return [name, measure(members)]
  })
  return Object.fromEntries(entries)
}

/** Processes come and go during the reading. */
function usageOf(pid: number): Usage | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined
  }
}

/** Parses /proc/PID/stat. The process name may contain spaces and brackets. */
export function parseStat(stat: string): Usage {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number)
  const ticks = (user ?? 0) + (system ?? 0) + (childrenUser ?? 0) + (childrenSystem ?? 0)
  return { pid: Number.parseInt(stat, 10), parent: Number(fields[1]), ticks }
}

function pssKb(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0)
  } catch {
    return 0
  }
}
