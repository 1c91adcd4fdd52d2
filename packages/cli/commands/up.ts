import { chosen, setArgs } from '@sidecart/platform/config/components/component-sets.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { upInBackground, upInForeground } from '@sidecart/platform/supervisor/up.ts'
import { command } from '../command.ts'
import { openOperations } from '../operations.ts'

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
    return args.detach
      ? upInBackground(projectAt(), choice, args.chaos)
      : upInForeground(projectAt(), choice, openOperations, args.chaos)
  },
})
