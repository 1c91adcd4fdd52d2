import { join } from 'node:path'
import { writeWhole } from '@sidecart/platform/config/files.ts'
import { withPart } from '@sidecart/platform/config/generated-section.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import type { Step } from '../results.ts'
import { cpuPerOrder, sustainable } from '../summary.ts'
import type { SetBlock } from './run.ts'
import type { SetResults } from './sets.ts'

const page = 'components/README.md'

/** Returns a row per block: the sustainable rate, and the CPU per order at the equal rate. */
export function rowsOf({ blocks, servers }: SetResults): string[][] {
  const rate = equalOf(blocks[0])?.rate.toFixed(0)
  const head = ['broker', 'store', 'orders/s', `CPU ms per order at ${rate}/s`, 'ready after']
  const rows = blocks.map((block) => [
    `${block.broker} (${servers[block.broker]})`,
    `${block.state} (${servers[block.state]})`,
    block.violations.length > 0 ? 'VOID' : sustainable(block).toFixed(0),
    cpuOf(equalOf(block)),
    `${(block.readyMs / 1000).toFixed(1)} s`,
  ])
  return [head, ...rows]
}

const equalOf = (block: SetBlock | undefined): Step | undefined =>
  block?.steps.find(({ purpose }) => purpose === 'equal')

/** Appends the reason when the rate was not sustained: the figure is then one of overload. */
const cpuOf = (step: Step | undefined): string =>
  step ? `${cpuPerOrder(step).toFixed(1)}${step.kept ? '' : ` (${step.why})`}` : ''

/** Difference between the two blocks of the default sets, in percent. */
function noiseOf({ blocks }: SetResults, figure: (block: SetBlock) => number): number {
  const [first = 0, last = 0] = [blocks[0], blocks.at(-1)].map((block) =>
    block ? figure(block) : 0,
  )
  return Math.round((Math.abs(first - last) / Math.min(first, last)) * 100)
}

/** Returns the page with the table of these results. */
export function pageWith(project: Project, results: SetResults): string {
  const { processor, cores } = results.machine
  const [head = [], ...rows] = rowsOf(results)
  const table = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
  const orders = noiseOf(results, sustainable)
  const cpu = noiseOf(results, (block) => {
    const step = equalOf(block)
    return step ? cpuPerOrder(step) : 0
  })
  const about = `${results.blocks[0]?.at.slice(0, 10)}, ${cores} cores (${processor}), each block verified. First and last row are the same sets: they differ by ${orders} % in orders/s and ${cpu} % in CPU, and what differs by less is noise.`
  return withPart(project, page, 'sets', `${table.join('\n')}\n\n${about}`)
}

export const writeTable = (project: Project, results: SetResults): void =>
  writeWhole(join(project.root, page), pageWith(project, results), 0o644)
