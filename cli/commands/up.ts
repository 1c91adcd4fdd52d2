import { command } from '../command.ts'
import { projectAt } from '../project.ts'
import { upInBackground, upInForeground } from '../up.ts'

export default command({
  meta: { name: 'up', description: 'Start the whole shop and everything it needs' },
  args: {
    detach: { type: 'boolean', alias: 'd', description: 'Leave it running in the background' },
  },
  run: ({ args }) => (args.detach ? upInBackground(projectAt()) : upInForeground(projectAt())),
})
