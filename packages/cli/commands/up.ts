import { command } from '../command.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { chosen, setArgs } from '@sidecart/platform/config/component-sets.ts'
import { upInBackground, upInForeground } from '@sidecart/platform/supervisor/up.ts'

export const upArgs = {
  ...setArgs,
  chaos: {
    type: 'boolean',
    description: 'Let operators break it from the console: kill, stop, slow down, decline',
  },
} as const

export default command({
  meta: { name: 'up', description: 'Start the whole shop and everything it needs' },
  args: {
    ...upArgs,
    detach: { type: 'boolean', alias: 'd', description: 'Leave it running in the background' },
  },
  run: ({ args }) => {
    const choice = chosen(args)
    const open = args.detach ? upInBackground : upInForeground
    return open(projectAt(), choice, args.chaos)
  },
})
