import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { UserError } from '@sidecart/platform/config/project.ts'
import type { Verdict } from '@sidecart/verify/invariants/verify.ts'
import { verifyInWorker } from '@sidecart/verify/invariants/worker.ts'
import { command } from '../../command.ts'

export default command({
  meta: {
    name: 'verify',
    description: 'Check the invariants over all databases, the provider’s log and the inbox',
  },
  args: {
    all: {
      type: 'boolean',
      description: 'Check everything, not only what changed since the last clean check',
    },
    json: { type: 'boolean', description: 'Print the result as JSON' },
    record: { type: 'string', description: 'What a load driver wrote down of its answers' },
    grace: {
      type: 'string',
      default: '30',
      description: 'Seconds in which an order, an event or a mail has to come to rest',
    },
  },
  async run({ args }) {
    const graceSeconds = Number(args.grace)
    if (!(graceSeconds >= 0)) throw new UserError(`--grace takes seconds, not ${args.grace}`)
    const shop = await connectionInfo()
    const verdict = await verifyInWorker(
      { ...shop, record: args.record },
      { graceSeconds, all: args.all === true || args.record !== undefined },
    )
    if (args.json) console.log(JSON.stringify(verdict))
    else print(verdict)
    if (!verdict.ok) process.exitCode = 1
  },
})

function print({ checks, inMotion }: Verdict): void {
  for (const { ok, name, detail } of checks) console.log(`${ok ? '✓' : '✗'} ${name}: ${detail}`)
  if (inMotion > 0) console.log(`${inMotion} orders that changed a moment ago were left out`)
}
