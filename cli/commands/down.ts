import { command } from '../command.ts'
import { readRunFile } from '../dapr-yaml.ts'
import { down } from '../down.ts'
import { portHolders } from '../ports.ts'
import { projectAt } from '../project.ts'

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
