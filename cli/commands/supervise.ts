import { command } from '../command.ts'
import { projectAt } from '../project.ts'
import { superviseForParent } from '../up.ts'

export default command({
  meta: { name: 'supervise', description: 'What `up --detach` leaves running', hidden: true },
  run: () => superviseForParent(projectAt()),
})
