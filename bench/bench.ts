import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { readIfThere, writeWhole } from '@sidecart/platform/config/files.ts'
import { type Project, UserError } from '@sidecart/platform/config/project.ts'
import type { Progress } from '@sidecart/platform/process/terminal.ts'
import type { Contender } from './contenders.ts'
import { machine, versions } from './machine.ts'
import type { Block, Results } from './results.ts'
import { type Pace, runBlock } from './trial.ts'

export type BenchOptions = {
  contenders: readonly Contender[]
  quick: boolean
  /** Number of blocks per contender. */
  rounds: number
  command: string
}

const thorough: Pace = {
  warmUp: { seconds: 30, rate: 30 },
  rung: { seconds: 7, most: 6, refine: 2 },
  equalSeconds: 12,
  loadedSeconds: 10,
  lightSeconds: 8,
  counted: 20,
  idleMs: 4_000,
}
const quick: Pace = {
  warmUp: { seconds: 8, rate: 30 },
  rung: { seconds: 3, most: 4, refine: 1 },
  equalSeconds: 4,
  loadedSeconds: 0,
  lightSeconds: 0,
  counted: 10,
  idleMs: 2_000,
}
/** Share of the first contender's sustainable rate. */
const equalShare = 0.6

const fullOf = ({ root }: Project) => join(root, 'bench', 'results', 'full.json')

/** Returns the raw data of the last full run. @throws UserError when there was none */
export function readResults(project: Project): Results {
  const text = readIfThere(fullOf(project))
  if (text === undefined) throw new UserError('there is no full run yet: npm run bench')
  return JSON.parse(text) as Results
}

/** Orders the blocks A B C C B A, so that drift of the machine affects every contender alike. */
export const interleaved = <T>(things: readonly T[], rounds: number): T[] =>
  Array.from({ length: rounds }, (_, n) => (n % 2 === 0 ? things : things.toReversed())).flat()

/**
 * Keeps only the first of the blocks of a contender with `once`. Such a contender is compared with
 * one other contender only.
 */
function turnsOf(contenders: readonly Contender[], rounds: number): Contender[] {
  const seen = new Set<Contender>()
  return interleaved(contenders, rounds).filter((one) => {
    const isAgain = one.once === true && seen.has(one)
    seen.add(one)
    return !isAgain
  })
}

/** Runs the contenders in turn and saves the results after every block. */
export async function bench(
  project: Project,
  options: BenchOptions,
  progress: Progress,
): Promise<{ results: Results; file: string }> {
  const file = options.quick ? join(project.home, 'bench', 'quick.json') : fullOf(project)
  const results: Results = {
    command: options.command,
    quick: options.quick,
    machine: machine(),
    versions: await versions(project),
    commit: execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: project.root,
      encoding: 'utf8',
    }).trim(),
    blocks: [],
    failed: [],
  }
  let equal: number | undefined
  const equalRate = (sustainable: number) => {
    equal ??= sustainable * equalShare
    return equal
  }
  const turns = turnsOf(options.contenders, options.rounds)
  for (const [index, contender] of turns.entries()) {
    const where = `${index + 1} of ${turns.length}, ${contender.name}`
    progress.wait(where)
    const print = (line: string) => progress.line(`${where}: ${line}`)
    try {
      const block = await runBlock(contender, options.quick ? quick : thorough, equalRate, print)
      results.blocks.push(block)
      print(outcome(block))
    } catch (error) {
      // a failed block does not discard half an hour of earlier blocks
      results.failed.push(`${contender.name}: ${(error as Error).message}`)
      print(`FAILED: ${(error as Error).stack}`)
    }
    writeWhole(file, `${JSON.stringify(results, null, 1)}\n`, 0o644)
  }
  progress.end()
  return { results, file }
}

const outcome = ({ violations, readyMs }: Block): string =>
  violations.length === 0 ? `ready in ${readyMs} ms; verified` : `VOID: ${violations.join('; ')}`
