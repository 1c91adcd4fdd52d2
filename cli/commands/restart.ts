import { named, processArgs } from '../chosen.ts'
import { command } from '../command.ts'
import { order } from '../control.ts'
import { projectAt } from '../project.ts'

export default command({
  meta: { name: 'restart', description: 'Stop one process and start it again' },
  args: processArgs,
  run: async ({ args }) => {
    const names = named(args)
    await order(projectAt(), { do: 'restart', names })
    console.log(`restarted ${names.join(', ')}`)
  },
})
