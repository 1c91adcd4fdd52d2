import { homedir } from 'node:os'
import { join } from 'node:path'
import { command } from '../command.ts'
import { Advice, projectAt } from '../project.ts'
import { ensureVariables } from '../variables.ts'

export default command({
  meta: {
    name: 'env',
    description: 'What `dapr run -f .` needs from the shell: eval "$(npx sidecart env)"',
  },
  run: () => {
    const project = projectAt()
    const variables = ensureVariables(project)
    if (!variables.DAPR_TRUST_ANCHORS)
      throw new Advice('there are no trust anchors yet: npx sidecart backing start')
    for (const [name, value] of Object.entries(variables)) console.log(`export ${name}='${value}'`)
    const dapr = join(variables.DAPR_RUNTIME_PATH ?? homedir(), '.dapr', 'bin')
    console.log(`export PATH='${dapr}:${join(project.root, 'node_modules', '.bin')}':"$PATH"`)
  },
})
