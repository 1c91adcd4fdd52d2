import { projectAt } from '@sidecart/platform/config/project.ts'
import { statusOf, tableOf } from '@sidecart/platform/supervisor/status.ts'
import { command } from '../command.ts'

export default command({
  meta: {
    name: 'status',
    description: 'What runs, and whether it is ready; exit code 1 when something is not',
  },
  args: { json: { type: 'boolean', description: 'For programs' } },
  run: async ({ args }) => {
    const status = await statusOf(projectAt())
    if (args.json) console.log(JSON.stringify(status, null, 2))
    else
      console.log(status.processes.length === 0 ? 'nothing is running: npm start' : tableOf(status))
    if (!args.json) for (const warning of status.warnings) console.log(`! ${warning}`)
    if (!status.ready) process.exitCode = 1
  },
})
