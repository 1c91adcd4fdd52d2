import { constants } from 'node:os'
import { processArgs } from '@sidecart/platform/config/process-args.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { sendCommand } from '@sidecart/platform/supervisor/supervisor-client.ts'
import { command } from '../command.ts'

export default command({
  meta: {
    name: 'kill',
    description: 'Send a signal to one process; the supervisor starts it again when it ends',
  },
  args: {
    service: processArgs.service,
    signal: { type: 'string', default: 'SIGKILL', description: 'Which signal' },
  },
  run: async ({ args }) => {
    const signal = args.signal as NodeJS.Signals
    if (!(signal in constants.signals))
      throw new UserError(`${signal} is no signal; SIGKILL and SIGTERM are`)
    await sendCommand(projectAt(), { do: 'kill', name: args.service, signal })
    console.log(`sent ${signal} to ${args.service}`)
  },
})
