import { setArgs } from '@sidecart/platform/config/components/component-sets.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { swap } from '@sidecart/platform/supervisor/swap.ts'
import { command } from '../command.ts'

export default command({
  meta: {
    name: 'swap',
    description: 'Move the shop to another broker; no event is lost on the way (takes minutes)',
  },
  args: {
    to: { type: 'string', required: true, valueHint: 'SET', description: 'The new broker' },
    from: {
      type: 'string',
      valueHint: 'SET',
      description: 'The old one, if it is not the one that dapr.yaml names',
    },
    demo: setArgs.demo,
    state: setArgs.state,
    secrets: setArgs.secrets,
  },
  run: ({ args: { to, from, ...rest } }) => swap(projectAt(), { from, to }, rest),
})
