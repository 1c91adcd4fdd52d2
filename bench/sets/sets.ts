import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setAmong, setsOf } from '@sidecart/platform/config/components/component-sets.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { readIfThere, writeWhole } from '@sidecart/platform/config/files.ts'
import { type Project, UserError } from '@sidecart/platform/config/project.ts'
import { ensureRuntime } from '@sidecart/platform/install/ensure.ts'
import type { Progress } from '@sidecart/platform/process/terminal.ts'
import { versionOf } from '@sidecart/verify/conformance/versions.ts'
import { machine } from '../machine.ts'
import { runSet, type SetBlock, type Sets } from './run.ts'

export type SetResults = {
  machine: Record<string, string | number>
  commit: string
  /** Name and version of the server of each set. */
  servers: Record<string, string>
  blocks: SetBlock[]
  /** Aborted blocks with the reason. */
  failed: string[]
}

export const fileOf = ({ root }: Project) => join(root, 'bench', 'results', 'sets.json')

/** Returns the raw data of the last run. @throws UserError when there was none */
export function readSets(project: Project): SetResults {
  const text = readIfThere(fileOf(project))
  if (text === undefined) throw new UserError('there is no run yet: npm run bench -- --sets')
  return JSON.parse(text) as SetResults
}

/** Share of the rate sustained by the sets of dapr.yaml. */
const equalShare = 0.5

/**
 * Returns each broker with the default store and each store with the default broker. The default
 * pair runs first and last, as a measure of the noise.
 */
function turnsOf(project: Project): Sets[] {
  const paths = readRunFile(project.runFile)[0]?.resourcesPaths ?? []
  const usual = { broker: setAmong('broker', paths) ?? '', state: setAmong('state', paths) ?? '' }
  const others = (kind: keyof Sets) =>
    setsOf(kind, join(project.root, 'components'))
      .filter((set) => set !== usual[kind])
      .map((set) => ({ ...usual, [kind]: set }))
  return [usual, ...others('broker'), ...others('state'), usual]
}

/** Runs the shop on all sets in turn and saves the results after every block. */
export async function benchSets(project: Project, progress: Progress): Promise<SetResults> {
  const runtime = await ensureRuntime({ project: project.root })
  const turns = turnsOf(project)
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: project.root }).toString().trim()
  const results: SetResults = {
    machine: machine(),
    commit,
    servers: {},
    blocks: [],
    failed: [],
  }
  for (const turn of turns)
    for (const kind of ['broker', 'state'] as const) {
      const set = turn[kind]
      results.servers[set] ??= await versionOf(project, runtime, { kind, set })
    }
  let equal: number | undefined
  const equalRate = (sustainable: number) => {
    equal ??= sustainable * equalShare
    return equal
  }
  for (const [index, sets] of turns.entries()) {
    const where = `${index + 1} of ${turns.length}, ${sets.broker} and ${sets.state}`
    progress.wait(where)
    try {
      const block = await runSet(sets, equalRate)
      results.blocks.push(block)
      progress.line(`${where}: ${block.violations.join('; ') || 'verified'}`)
    } catch (error) {
      results.failed.push(`${where}: ${(error as Error).message}`)
      progress.line(`${where}: FAILED: ${(error as Error).stack}`)
    }
    writeWhole(fileOf(project), `${JSON.stringify(results, null, 1)}\n`, 0o644)
  }
  progress.end()
  return results
}
