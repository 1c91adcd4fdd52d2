import { chosen } from '@sidecart/platform/config/components/component-sets.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { superviseForParent } from '@sidecart/platform/supervisor/up.ts'
import { command } from '../command.ts'
import { openOperations } from '../operations.ts'
import { upArgs } from './up.ts'

export default command({
  meta: { name: 'supervise', description: 'What `up --detach` leaves running', hidden: true },
  args: upArgs,
  run: ({ args }) =>
    superviseForParent(projectAt(), chosen(args), openOperations, args.chaos === true),
})
