import { chmodSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { readIfThere, writeWhole } from '../config/files.ts'
import type { Project } from '../config/project.ts'
import { quoted } from '../process/shell.ts'

/** Value of DAPR_RUNTIME_PATH for `dapr run -f .`: the CLI starts `.dapr/bin/daprd` below. */
export const daprRunPath = (project: Project): string => join(project.home, 'dapr-run')

/** Paths of the `dapr` command: installed for this project or for this user. */
export const daprBinFolders = (project: Project): string[] =>
  [join(project.home, 'dapr'), homedir()].map((folder) => join(folder, '.dapr', 'bin'))

/**
 * Writes the `daprd` program started by `dapr run -f .`. The CLI gives all sidecars its own environment. The program
 * reads `--app-id`, loads the tokens and the identity of the one app, and becomes the real daprd. The program also
 * binds the ports for other sidecars and for metrics to the loopback interface, for which a run file has no field.
 */
export function writeDaprdForRun(project: Project, daprd: string): void {
  const file = join(daprRunPath(project), '.dapr', 'bin', 'daprd')
  const text = script(project, daprd)
  if (readIfThere(file) !== text) writeWhole(file, text, 0o700)
  chmodSync(file, 0o700)
}

const script = (project: Project, daprd: string) => `#!/bin/sh
umask 077
# Started by \`dapr run -f .\` as daprd; written by \`sidecart backing start\` (packages/platform/supervisor/dapr-run.ts).
app= before=
for argument; do
  case $argument in --app-id=*) app=\${argument#--app-id=} ;; esac
  [ "$before" = --app-id ] && app=$argument
  before=$argument
done
if [ -n "$app" ]; then
  folder=${quoted(project.apps)}/$app
  [ -r "$folder/env" ] || { echo "no tokens for the app $app: sidecart backing start" >&2; exit 1; }
  set -a
  . "$folder/env"
  set +a
  export DAPR_SENTRY_TOKEN_FILE="$folder/identity.jwt"
  set -- "$@" --dapr-internal-grpc-listen-address 127.0.0.1 --metrics-listen-address 127.0.0.1
fi
exec ${quoted(daprd)} "$@"
`
