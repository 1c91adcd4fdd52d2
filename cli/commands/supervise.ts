import { command } from '../command.ts'
import { projectAt } from '../project.ts'
import { chosen } from '../sets.ts'
import { superviseForParent } from '../up.ts'
import { upArgs } from './up.ts'

export default command({
  meta: { name: 'supervise', description: 'What `up --detach` leaves running', hidden: true },
  args: upArgs,
  run: ({ args }) => superviseForParent(projectAt(), chosen(args), args.chaos === true),
})
