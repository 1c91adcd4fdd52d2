import { command } from '../command.ts'
import { keepResults, type Result } from '../conformance/results.ts'
import { conformance } from '../conformance/run.ts'
import { writeTables } from '../conformance/tables.ts'
import { Advice, projectAt } from '../project.ts'
import { chosen, setArgs } from '../sets.ts'

const kinds = ['broker', 'state'] as const

export default command({
  meta: {
    name: 'conformance',
    description: 'Try what a broker and a store can do, on real servers, against what is declared',
  },
  args: {
    broker: setArgs.broker,
    state: setArgs.state,
    only: { type: 'string', valueHint: kinds.join('|'), description: 'One of the two suites' },
    keep: {
      type: 'boolean',
      description: 'Keep the results in components/conformance.json and the tables made from it',
    },
    json: { type: 'boolean', description: 'Print the results as JSON, progress to stderr' },
  },
  async run({ args }) {
    const wanted = kinds.filter((kind) => !args.only || kind === args.only)
    if (wanted.length === 0) throw new Advice(`--only takes ${kinds.join(' or ')}`)
    const project = projectAt()
    const results = await conformance(project, chosen(args), wanted)
    const ok = results.every(({ failures }) => failures.length === 0)
    if (args.keep && ok) writeTables(project, keepResults(project, results))
    if (args.json) console.log(JSON.stringify({ ok, results }))
    else for (const result of results) print(result)
    if (!ok) process.exitCode = 1
  },
})

function print({ kind, set, versions, seconds, works, failures }: Result): void {
  const can = Object.values(works).filter(Boolean).length
  const all = Object.keys(works).length
  console.log(`${kind} ${set} (${versions}): ${can} of ${all} work, tried in ${seconds} s`)
  for (const failure of failures) console.log(`  ✗ ${failure}`)
  if (failures.length === 0) console.log('  ✓ all as declared in components/capabilities.ts')
}
