import { breakingChanges } from '@sidecart/maintainer/api/check.ts'
import { generate, staleFiles } from '@sidecart/maintainer/generate/generate.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { command } from '../../command.ts'

export default command({
  meta: {
    name: 'generate',
    description: 'Write every file that follows from the manifests and contracts, or check them',
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
    const stale = args.check ? [...staleFiles(project).keys()] : generate(project)
    if (args.check && stale.length > 0)
      throw new UserError(
        `these differ from the manifests and contracts:\n  ${stale.join('\n  ')}\nWrite them: ./sidecart generate`,
      )
    for (const path of stale) console.log(`written: ${path}`)
    if (broken.length > 0)
      throw new UserError(
        `this breaks clients of the last release, or of the last commit before the first one:\n  ${broken.join('\n  ')}\nAdd beside it instead: a new field, path or -v2.`,
      )
  },
})
