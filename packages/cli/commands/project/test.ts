import { runTests } from '@sidecart/maintainer/tests.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { defineCommand } from 'citty'

export default defineCommand({
  meta: {
    name: 'test',
    description: 'Run all tests; what follows is handed to vitest, e.g. a file name',
  },
  run: async ({ rawArgs }) => {
    process.exitCode = await runTests(projectAt(), rawArgs)
  },
})
