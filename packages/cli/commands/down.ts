import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { portHolders } from '@sidecart/platform/config/ports.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { down } from '@sidecart/platform/supervisor/down.ts'
import { command } from '../command.ts'

export default command({
  meta: {
    name: 'down',
    description: 'Stop everything that sidecart started here, servers included',
  },
  run: async () => {
    const project = projectAt()
    const stopped = await down(project)
    console.log(stopped === 0 ? 'nothing was running' : `stopped ${stopped} processes`)
    const held = await portHolders(readRunFile(project.runFile))
    if (held.length === 0) return
    console.log(
      `still held, by something that sidecart did not start (a \`dapr run\`?):\n${held.join('\n')}`,
    )
  },
})
