import { join } from 'node:path'
import { command } from '../command.ts'
import { daprBinFolders, daprRunPath } from '../dapr-run.ts'
import { readRunFile } from '../dapr-yaml.ts'
import { ensureIdentities } from '../identities.ts'
import { Advice, projectAt } from '../project.ts'
import { quoted } from '../shell.ts'
import { ensureAppTokens, ensureVariables } from '../variables.ts'

export default command({
  meta: {
    name: 'env',
    description: 'What `dapr run -f .` needs from the shell: eval "$(./sidecart env)"',
  },
  run: async () => {
    const project = projectAt()
    const variables = ensureVariables(project)
    if (!variables.DAPR_TRUST_ANCHORS)
      throw new Advice('there are no trust anchors yet: ./sidecart backing start')
    const apps = readRunFile(project.runFile).map(({ appId }) => appId)
    for (const app of apps) ensureAppTokens(project, app)
    await ensureIdentities(project, apps)
    const printed = { ...variables, DAPR_RUNTIME_PATH: daprRunPath(project) }
    for (const [name, value] of Object.entries(printed))
      console.log(`export ${name}=${quoted(value)}`)
    // Of all apps, and so of none: each takes its own from its file.
    console.log('unset DAPR_API_TOKEN APP_API_TOKEN')
    const folders = [...daprBinFolders(project), join(project.root, 'node_modules', '.bin')]
    console.log(`export PATH=${quoted(folders.join(':'))}:"$PATH"`)
  },
})
