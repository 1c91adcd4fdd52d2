import { chosen, setArgs } from '@sidecart/platform/config/components/component-sets.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import {
  failuresOf,
  keepResults,
  type Result,
  type Shop,
} from '@sidecart/verify/conformance/results.ts'
import { conformance } from '@sidecart/verify/conformance/run.ts'
import { writeTables } from '@sidecart/verify/conformance/tables.ts'
import { command } from '../../command.ts'

const kinds = ['broker', 'state'] as const

export default command({
  meta: {
    name: 'conformance',
    description:
      'Try what a broker and a store can do, on real servers, against what is declared; then the whole shop on them',
  },
  args: {
    broker: setArgs.broker,
    state: setArgs.state,
    only: { type: 'string', valueHint: kinds.join('|'), description: 'One of the two suites' },
    quick: {
      type: 'boolean',
      description: 'Leave out the whole shop: the system tests, and 300 orders while things break',
    },
    keep: {
      type: 'boolean',
      description: 'Keep the results in components/conformance.json and the tables made from it',
    },
    json: { type: 'boolean', description: 'Print the results as JSON, progress to stderr' },
  },
  async run({ args }) {
    const wanted = kinds.filter((kind) => !args.only || kind === args.only)
    if (wanted.length === 0) throw new UserError(`--only takes ${kinds.join(' or ')}`)
    if (args.quick && args.keep) throw new UserError('--keep takes a whole run: leave out --quick')
    const project = projectAt()
    const how = { kinds: wanted, quick: args.quick === true }
    const results = await conformance(project, chosen(args), how)
    const ok = results.every((result) => failuresOf(result).length === 0)
    if (args.keep && ok) writeTables(project, keepResults(project, results))
    if (args.json) console.log(JSON.stringify({ ok, results }))
    else {
      for (const result of results) print(result)
      if (results[0]?.shop) printShop(results[0].shop)
    }
    if (!ok) process.exitCode = 1
  },
})

function print({ kind, set, versions, seconds, works, failures }: Result): void {
  const can = Object.values(works).filter(Boolean).length
  const all = Object.keys(works).length
  console.log(`${kind} ${set} (${versions}): ${can} of ${all} work, tried in ${seconds} s`)
  for (const failure of failures) console.log(`  ✗ ${failure}`)
  if (failures.length === 0) console.log('  ✓ all as declared in the definition of the server')
}

function printShop({ on, seconds, systemTests, chaos, failures }: Shop): void {
  const { orders, seed, faults, recoverySeconds } = chaos
  console.log(
    `the whole shop on ${on.broker} and ${on.state}: ${systemTests} system tests passed, then ${orders} orders and ${faults} faults (seed ${seed}), at rest after ${recoverySeconds} s; ${seconds} s in all`,
  )
  for (const failure of failures) console.log(`  ✗ ${failure}`)
  if (failures.length === 0) console.log('  ✓ nothing was lost')
}
