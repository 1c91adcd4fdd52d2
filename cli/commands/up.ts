import { command } from '../command.ts'
import { projectAt } from '../project.ts'
import { chosen, setArgs } from '../sets.ts'
import { upInBackground, upInForeground } from '../up.ts'

export default command({
  meta: { name: 'up', description: 'Start the whole shop and everything it needs' },
  args: {
    ...setArgs,
    detach: { type: 'boolean', alias: 'd', description: 'Leave it running in the background' },
  },
  run: ({ args }) => {
    const choice = chosen(args)
    return args.detach ? upInBackground(projectAt(), choice) : upInForeground(projectAt(), choice)
  },
})
