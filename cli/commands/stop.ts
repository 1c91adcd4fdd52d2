import { named, processArgs } from '../chosen.ts'
import { command } from '../command.ts'
import { order } from '../control.ts'
import { projectAt } from '../project.ts'

export default command({
  meta: { name: 'stop', description: 'Stop one process and leave the rest running' },
  args: processArgs,
  run: async ({ args }) => {
    const names = named(args)
    await order(projectAt(), { do: 'stop', names })
    console.log(`stopped ${names.join(', ')}`)
  },
})
