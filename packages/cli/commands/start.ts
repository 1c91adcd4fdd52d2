import { named, processArgs } from '@sidecart/platform/config/process-args.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { sendCommand } from '@sidecart/platform/supervisor/supervisor-client.ts'
import { command } from '../command.ts'

export default command({
  meta: { name: 'start', description: 'Start a process that was stopped' },
  args: processArgs,
  run: async ({ args }) => {
    const names = named(args)
    await sendCommand(projectAt(), { do: 'start', names })
    console.log(`started ${names.join(', ')}`)
  },
})
