import { named, processArgs } from '@sidecart/platform/config/process-args.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { sendCommand } from '@sidecart/platform/supervisor/supervisor-client.ts'
import { command } from '../command.ts'

export default command({
  meta: { name: 'stop', description: 'Stop one process and leave the rest running' },
  args: processArgs,
  run: async ({ args }) => {
    const names = named(args)
    await sendCommand(projectAt(), { do: 'stop', names })
    console.log(`stopped ${names.join(', ')}`)
  },
})
