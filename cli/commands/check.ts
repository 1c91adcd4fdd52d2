import { runChecks } from '../checks.ts'
import { command } from '../command.ts'
import { projectAt } from '../project.ts'

export default command({
  meta: { name: 'check', description: 'Format, lint, types, architecture and dead code' },
  run: async () => {
    process.exitCode = (await runChecks(projectAt())) ? 0 : 1
  },
})
