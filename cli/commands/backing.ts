import { defineCommand } from 'citty'
import { startBacking, stopBacking } from '../backing-only.ts'
import { command } from '../command.ts'
import { projectAt } from '../project.ts'
import { statusOf, tableOf } from '../status.ts'
import { createProgress } from '../terminal.ts'
import { reporter } from '../up.ts'

const start = command({
  meta: { name: 'start', description: 'Start the servers alone, for `dapr run -f .`' },
  run: async () => {
    const progress = createProgress()
    await startBacking(projectAt(), reporter(progress))
    progress.end()
    progress.line('\nNow:  eval "$(npx sidecart env)" && dapr run -f .')
    process.exit(0)
  },
})

const stop = command({
  meta: { name: 'stop', description: 'Stop the servers again' },
  run: async () => {
    const stopped = await stopBacking(projectAt())
    console.log(stopped === 0 ? 'nothing was running' : `stopped ${stopped} servers`)
  },
})

const status = command({
  meta: { name: 'status', description: 'Which servers run; exit code 1 when one is not ready' },
  run: async () => {
    const whole = await statusOf(projectAt())
    const processes = whole.processes.filter(({ role }) => role === 'backing')
    console.log(
      processes.length === 0 ? 'no servers are running' : tableOf({ ...whole, processes }),
    )
    if (processes.length === 0 || !processes.every(({ ready }) => ready)) process.exitCode = 1
  },
})

export default defineCommand({
  meta: {
    name: 'backing',
    description: 'The servers that the shop stands on: PostgreSQL, broker, mail, provider, Dapr',
  },
  subCommands: { start, stop, status },
})
