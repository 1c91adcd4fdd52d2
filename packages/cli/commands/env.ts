import { join } from 'node:path'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { ensureAppTokens, ensureVariables } from '@sidecart/platform/config/environment.ts'
import { ensureIdentities } from '@sidecart/platform/config/identity/identities.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { quoted } from '@sidecart/platform/process/shell.ts'
import { daprBinFolders, daprRunPath } from '@sidecart/platform/supervisor/dapr-run.ts'
import { command } from '../command.ts'

export default command({
  meta: {
    name: 'env',
    description: 'What `dapr run -f .` needs from the shell: eval "$(./sidecart env)"',
  },
  run: async () => {
    const project = projectAt()
    const variables = ensureVariables(project)
    if (!variables.DAPR_TRUST_ANCHORS)
      throw new UserError('there are no trust anchors yet: ./sidecart backing start')
    const apps = readRunFile(project.runFile).map(({ appId }) => appId)
    for (const app of apps) ensureAppTokens(project, app)
    await ensureIdentities(project, apps)
    const printed = { ...variables, DAPR_RUNTIME_PATH: daprRunPath(project) }
    for (const [name, value] of Object.entries(printed))
      console.log(`export ${name}=${quoted(value)}`)
    // Tokens in the shell would reach every app; each app reads its own from a file.
    console.log('unset DAPR_API_TOKEN APP_API_TOKEN')
    const folders = [...daprBinFolders(project), join(project.root, 'node_modules', '.bin')]
    console.log(`export PATH=${quoted(folders.join(':'))}:"$PATH"`)
  },
})
