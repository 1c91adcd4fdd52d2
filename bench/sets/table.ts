import { join } from 'node:path'
import { writeWhole } from '../../cli/files.ts'
import { withPart } from '../../cli/generated.ts'
import type { Project } from '../../cli/project.ts'
import type { Step } from '../results.ts'
import { cpuPerOrder, sustainable } from '../summary.ts'
import type { SetBlock } from './run.ts'
import type { SetResults } from './sets.ts'

const page = 'components/README.md'

/** A row for each block: what it sustained, and what an order took at the rate that is equal for all. */
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

/** A rate that was not kept up is told: then the figure is one of overload. */
const cpuOf = (step: Step | undefined): string =>
  step ? `${cpuPerOrder(step).toFixed(1)}${step.kept ? '' : ' (not kept up)'}` : ''

/** The page with the table of these results. */
export function pageWith(project: Project, results: SetResults): string {
  const { processor, cores } = results.machine
  const [head = [], ...rows] = rowsOf(results)
  const table = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
  const about = `${results.blocks[0]?.at.slice(0, 10)}, ${cores} cores (${processor}), each block verified.`
  return withPart(project, page, 'sets', `${table.join('\n')}\n\n${about}`)
}

export const writeTable = (project: Project, results: SetResults): void =>
  writeWhole(join(project.root, page), pageWith(project, results), 0o644)
