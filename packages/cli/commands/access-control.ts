import { relative } from 'node:path'
import { staleAccessControl, writeAccessControl } from '@sidecart/platform/config/access-control.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { command } from '../command.ts'

export default command({
  meta: {
    name: 'access-control',
    description: 'Write who may call what into components/common/configuration, or check it',
  },
  args: { check: { type: 'boolean', description: 'Only check that nothing is stale' } },
  run({ args }) {
    const project = projectAt()
    const files = args.check ? [...staleAccessControl(project).keys()] : writeAccessControl(project)
    const names = files.map((file) => relative(project.root, file))
    if (args.check && names.length > 0)
      throw new UserError(
        `${names.join(', ')} do not allow what the contracts say: ./sidecart access-control`,
      )
    for (const name of names) console.log(`written: ${name}`)
  },
})
