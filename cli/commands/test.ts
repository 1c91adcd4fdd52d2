import { defineCommand } from 'citty'
import { projectAt } from '../project.ts'
import { runTests } from '../tests.ts'

export default defineCommand({
  meta: {
    name: 'test',
    description: 'Run all tests; what follows is handed to vitest, e.g. a file name',
  },
  run: async ({ rawArgs }) => {
    process.exitCode = await runTests(projectAt(), rawArgs)
  },
})
