import { runTests } from '@sidecart/maintainer/tests.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { command } from '../../command.ts'

export default command(
  {
    meta: {
      name: 'test',
      description: 'Run the quick tests, all tests, or the files and projects that are named',
    },
    args: {
      file: { type: 'positional', required: false, description: 'Files of tests; all if none' },
      deep: { type: 'boolean', description: 'The tests that take long, instead of the quick ones' },
      all: { type: 'boolean', description: 'Both' },
      install: { type: 'boolean', description: 'Install programs that are missing' },
      project: { type: 'string', description: 'One project of vitest.config.ts; can be repeated' },
      testNamePattern: { type: 'string', alias: 't', description: 'Tests with such titles only' },
      reporter: { type: 'string', description: 'How vitest prints, e.g. verbose' },
      bail: { type: 'string', description: 'Stop after so many failures' },
      update: { type: 'boolean', alias: 'u', description: 'Write snapshots again' },
    },
    run: async ({ rawArgs }) => {
      process.exitCode = await runTests(projectAt(), rawArgs)
    },
  },
  { anyNumber: true },
)
