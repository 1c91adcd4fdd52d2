import { asFlags, chosen, setArgs } from '@sidecart/platform/config/components/component-sets.ts'
import { portsFrom } from '@sidecart/platform/config/ports.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { createProgress } from '@sidecart/platform/process/terminal.ts'
import { startBacking, stopBacking } from '@sidecart/platform/supervisor/servers-only.ts'
import { statusOf, tableOf } from '@sidecart/platform/supervisor/status.ts'
import { reporter } from '@sidecart/platform/supervisor/up.ts'
import { defineCommand } from 'citty'
import { command } from '../command.ts'

const nameArg = {
  name: {
    type: 'positional',
    required: false,
    description: 'One server only, such as redis; also one that the sets in use do not need',
  },
} as const

const start = command({
  meta: { name: 'start', description: 'Start the servers alone, for `dapr run -f .`' },
  args: { ...nameArg, ...setArgs },
  run: async ({ args }) => {
    if (portsFrom !== undefined)
      throw new UserError(
        '`dapr run -f .` takes the ports that dapr.yaml names: ./sidecart up --ports-from usual, or up instead of backing start',
      )
    const progress = createProgress()
    const choice = chosen(args)
    await startBacking(projectAt(), { choice, name: args.name }, reporter(progress))
    progress.end()
    if (!args.name) progress.line(next(asFlags(choice)))
    process.exit(0)
  },
})

/** Choices on the command line are absent from dapr.yaml, the only file that `dapr run` reads. */
const next = (flags: string[]) =>
  flags.length === 0
    ? '\nNow:  eval "$(./sidecart env)" && dapr run -f .'
    : `\nNow:  ./sidecart up ${flags.join(' ')}`

const stop = command({
  meta: { name: 'stop', description: 'Stop the servers again' },
  args: nameArg,
  run: async ({ args }) => {
    const stopped = await stopBacking(projectAt(), args.name)
    console.log(
      stopped === 0 ? 'nothing was running' : `stopped ${stopped} server${stopped > 1 ? 's' : ''}`,
    )
  },
})

const status = command({
  meta: { name: 'status', description: 'Which servers run; exit code 1 when one is not ready' },
  args: nameArg,
  run: async ({ args }) => {
    const whole = await statusOf(projectAt())
    const processes = whole.processes.filter(
      ({ role, name }) => role === 'backing' && (!args.name || name === args.name),
    )
    console.log(
      processes.length > 0
        ? tableOf({ ...whole, processes })
        : `${args.name ?? 'no server'} is${args.name ? ' not' : ''} running`,
    )
    if (processes.length === 0 || !processes.every(({ ready }) => ready)) process.exitCode = 1
  },
})

export default defineCommand({
  meta: {
    name: 'backing',
    description: 'The servers that the shop stands on: PostgreSQL, broker, mail, provider, Dapr',
  },
  subCommands: { start, stop, status },
})
