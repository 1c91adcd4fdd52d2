import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { defineCommand } from 'citty'

export default defineCommand({
  meta: {
    name: 'test',
    description: 'Run all tests; what follows is handed to vitest, e.g. a file name',
  },
  run: ({ rawArgs }) => {
    const { root } = projectAt()
    const vitest = join(root, 'node_modules/.bin/vitest')
    const { status } = spawnSync(vitest, ['run', ...rawArgs], { cwd: root, stdio: 'inherit' })
    process.exitCode = status ?? 1
  },
})
