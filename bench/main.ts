import { command } from '@sidecart/cli/command.ts'
import { runCommandLine } from '@sidecart/cli/command-line.ts'
import { type Project, projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { createProgress, type Progress, table } from '@sidecart/platform/process/terminal.ts'
import { assertNotRunning } from '@sidecart/platform/supervisor/shop.ts'
import { bench, readResults } from './bench.ts'
import { contendersCalled } from './contenders.ts'
import { printed } from './print.ts'
import { writeReport } from './report/report.ts'
import { benchSets, fileOf, readSets } from './sets/sets.ts'
import { rowsOf, writeTable } from './sets/table.ts'
import { summarise } from './summary.ts'

const usual = 'dapr,dapr-plain,direct,monolith,moleculer'

const main = command({
  meta: {
    name: 'bench',
    description: 'What the checkout costs with sidecars, without them, and in rivals',
  },
  args: {
    quick: { type: 'boolean', description: 'Under five minutes, and rough' },
    contenders: {
      type: 'string',
      description: `Who takes part, in this order: ${usual} (and dapr-3 unless it is quick)`,
    },
    rounds: { type: 'string', description: 'How often each runs: 2, or 1 when it is quick' },
    report: {
      type: 'boolean',
      description:
        'Only write docs/performance.md (or the table of sets) again, from the raw data of the last run',
    },
    sets: {
      type: 'boolean',
      description: 'The shop on each broker and each store instead, for the table in components/',
    },
    json: { type: 'boolean', description: 'Print the result as JSON, progress to stderr' },
  },
  async run({ args }) {
    const project = projectAt()
    if (args.report && args.sets) return writeTable(project, readSets(project))
    if (args.report) return console.log(writeReport(project.root, readResults(project)))
    assertNotRunning(project)
    const progress = createProgress(args.json ? process.stderr : process.stdout)
    if (args.sets) return onAllSets(project, progress, args.json)
    const { results, file } = await bench(
      project,
      {
        contenders: contendersCalled(
          (args.contenders ?? (args.quick ? usual : `${usual},dapr-3`)).split(','),
        ),
        quick: args.quick === true,
        rounds: roundsOf(args.rounds, args.quick === true),
        command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim(),
      },
      progress,
    )
    const summary = summarise(results)
    console.log(args.json ? JSON.stringify(summary) : printed(results, summary))
    progress.line(`raw data: ${file}`)
    if (!args.quick) progress.line(`report: ${writeReport(project.root, results)}`)
    if (results.failed.length > 0) process.exitCode = 1
    if (Object.values(summary.contenders).some(({ violations }) => violations.length > 0))
      process.exitCode = 1
  },
})

async function onAllSets(project: Project, progress: Progress, json?: boolean): Promise<void> {
  const results = await benchSets(project, progress)
  console.log(json ? JSON.stringify(results) : table(rowsOf(results)))
  progress.line(`raw data: ${fileOf(project)}`)
  if (results.failed.length > 0 || results.blocks.some(({ violations }) => violations.length > 0))
    process.exitCode = 1
  else writeTable(project, results)
}

function roundsOf(given: string | undefined, quick: boolean): number {
  const rounds = Number(given ?? (quick ? 1 : 2))
  if (Number.isInteger(rounds) && rounds > 0) return rounds
  throw new UserError(`--rounds takes a whole number, not ${given}`)
}

await runCommandLine(main, process.argv.slice(2))
