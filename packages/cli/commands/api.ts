import {
  breakingChanges,
  staleDocuments,
  writeApiDocuments,
} from '@sidecart/maintainer/api/check.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { command } from '../command.ts'

export default command({
  meta: {
    name: 'api',
    description: 'Write the API documents and the drawing of the packages, or check them',
  },
  args: {
    check: {
      type: 'boolean',
      description: 'Only check: nothing stale, nothing that breaks clients',
    },
  },
  run({ args }) {
    const project = projectAt()
    const broken = breakingChanges(project)
    const stale = args.check ? staleDocuments(project) : writeApiDocuments(project)
    if (args.check && stale.length > 0)
      throw new UserError(`${stale.join(', ')} do not say what the sources say: ./sidecart api`)
    for (const path of stale) console.log(`written: ${path}`)
    if (broken.length > 0)
      throw new UserError(
        `this breaks those who were written for the last commit:\n  ${broken.join('\n  ')}\nAdd beside it instead: a new field, path or -v2.`,
      )
  },
})
