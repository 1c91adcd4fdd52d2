import { named, processArgs } from '../chosen.ts'
import { command } from '../command.ts'
import { order } from '../control.ts'
import { projectAt } from '../project.ts'

export default command({
  meta: { name: 'start', description: 'Start a process that was stopped' },
  args: processArgs,
  run: async ({ args }) => {
    const names = named(args)
    await order(projectAt(), { do: 'start', names })
    console.log(`started ${names.join(', ')}`)
  },
})
