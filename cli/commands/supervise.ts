import { command } from '../command.ts'
import { projectAt } from '../project.ts'
import { chosen, setArgs } from '../sets.ts'
import { superviseForParent } from '../up.ts'

export default command({
  meta: { name: 'supervise', description: 'What `up --detach` leaves running', hidden: true },
  args: setArgs,
  run: ({ args }) => superviseForParent(projectAt(), chosen(args)),
})
