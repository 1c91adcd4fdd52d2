import { randomInt } from 'node:crypto'
import { chosen, setArgs } from '@sidecart/platform/config/components/component-sets.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { createProgress } from '@sidecart/platform/process/terminal.ts'
import { type ChaosReport, chaos } from '@sidecart/verify/chaos/chaos.ts'
import { type Kind, kinds, wordsFor } from '@sidecart/verify/faults/schedule.ts'
import { command } from '../../command.ts'

export default command({
  meta: {
    name: 'chaos',
    description:
      'Sell while things break, let the shop come to rest, and verify that nothing was lost',
  },
  args: {
    orders: { type: 'string', default: '300', description: 'How many orders' },
    rate: { type: 'string', default: '20', description: 'Orders a second, served or not' },
    every: { type: 'string', default: '3', description: 'Seconds between two faults' },
    seed: { type: 'string', description: 'The same seed is the same faults; made up if missing' },
    faults: {
      type: 'string',
      default: kinds.filter((kind) => kind !== 'network').join(),
      description: `What may break: ${kinds.join()} (network: only when the shop is not running)`,
    },
    rest: { type: 'string', default: '150', description: 'Seconds to come to rest afterwards' },
    broker: setArgs.broker,
    state: setArgs.state,
    json: { type: 'boolean', description: 'Print the result as JSON, progress to stderr' },
  },
  async run({ args }) {
    const progress = createProgress(args.json ? process.stderr : process.stdout)
    const report = await chaos(
      projectAt(),
      {
        seed: args.seed === undefined ? randomInt(2 ** 31) : number('seed', args.seed),
        orders: number('orders', args.orders),
        perSecond: number('rate', args.rate),
        everySeconds: number('every', args.every),
        kinds: kindsOf(args.faults),
        restSeconds: number('rest', args.rest),
        choice: chosen(args),
      },
      progress,
    )
    if (args.json) console.log(JSON.stringify(report))
    else print(report)
    if (!report.ok) process.exitCode = 1
  },
})

const shown = 30

function number(name: string, given: string): number {
  const value = Number(given)
  if (given !== '' && Number.isFinite(value) && value >= 0) return value
  throw new UserError(`--${name} takes a number, not ${given}`)
}

function kindsOf(list: string): Kind[] {
  const wanted = list.split(',').map((name) => name.trim())
  const strange = wanted.find((name) => !kinds.includes(name as Kind))
  if (strange !== undefined) throw new UserError(`no fault is called ${strange}: ${kinds.join()}`)
  return wanted as Kind[]
}

function print({ ok, seed, orders, faults, recoverySeconds, violations, record }: ChaosReport) {
  const missed = faults.filter(({ missed }) => missed !== undefined).length
  console.log(
    `seed ${seed}, ${faults.length} faults (${missed} missed): ${faults.map(wordsFor).join('; ')}`,
  )
  console.log(
    Object.entries(orders)
      .map(([name, count]) => `${count} ${name}`)
      .join(', '),
  )
  console.log(`at rest ${recoverySeconds} s after the last fault`)
  for (const violation of violations.slice(0, shown)) console.log(`✗ ${violation}`)
  if (violations.length > shown) console.log(`… and ${violations.length - shown} more`)
  console.log(
    ok ? '✓ nothing was lost' : `✗ see ${record}, and: ./sidecart verify --record ${record}`,
  )
}
