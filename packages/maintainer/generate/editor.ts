import type { ServiceManifest } from '@sidecart/chassis/contract/manifest.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { portsAt } from '@sidecart/platform/config/ports.ts'
import type { GeneratedFiles } from './generated-file.ts'

/** The editor's debugger: each service beside its running sidecar. Other configurations and tasks are kept. */
export const editor = (): GeneratedFiles => ({
  '.vscode/launch.json': withEntries('configurations', launchOf),
  '.vscode/tasks.json': withEntries('tasks', taskOf),
})

const ofServices =
  /^ {4}\{\n {6}"(name|label)": "(\w+ beside its running sidecar|stop \w+)",\n[\s\S]*?^ {4}\},?\n/gm

function withEntries(list: string, entryOf: (service: ServiceManifest) => string) {
  return (before = '') => {
    const [head = '', others = ''] = before.split(`"${list}": [\n`)
    const rest = others.replaceAll(ofServices, '')
    const entries = manifests.map(entryOf).join(',\n')
    const separator = rest.trimStart().startsWith('{') ? ',\n' : '\n'
    return `${head}"${list}": [\n${entries}${separator}${rest}`
  }
}

function launchOf({ name, position }: ServiceManifest): string {
  const { app, http, grpc } = portsAt(position)
  return `    {
      "name": "${name} beside its running sidecar",
      "type": "node",
      "request": "launch",
      "preLaunchTask": "stop ${name}",
      "cwd": "\${workspaceFolder}/services/${name}",
      "runtimeExecutable": "\${workspaceFolder}/node_modules/.bin/node",
      "runtimeArgs": ["--env-file=../../.sidecart/apps/${name}/env"],
      "program": "main.ts",
      "env": {
        "HOST": "127.0.0.1",
        "APP_PORT": "${app}",
        "DAPR_HTTP_PORT": "${http}",
        "DAPR_GRPC_PORT": "${grpc}"
      },
      "skipFiles": ["<node_internals>/**"]
    }`
}

const taskOf = ({ name }: ServiceManifest): string => `    {
      "label": "stop ${name}",
      "type": "shell",
      "command": "./sidecart stop ${name}"
    }`
