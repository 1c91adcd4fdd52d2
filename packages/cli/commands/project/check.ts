import { runChecks } from '@sidecart/maintainer/checks.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { command } from '../../command.ts'

export default command({
  meta: { name: 'check', description: 'Format, lint, types, architecture and dead code' },
  run: async () => {
    process.exitCode = (await runChecks(projectAt())) ? 0 : 1
  },
})
