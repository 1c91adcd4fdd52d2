import { chmodSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { entriesOf, type Resource } from '../config/components/components.ts'
import { readIfThere, writeWhole } from '../config/files.ts'
import { schedulerAddress, sentryAddress } from '../config/ports.ts'
import type { Project } from '../config/project.ts'
import type { Secrets } from '../config/secrets.ts'
import { quoted } from '../process/shell.ts'
import { provides, servers } from '../servers/registry.ts'
import { addressesIn } from './diagnosis/check-reachability.ts'

/** Value of DAPR_RUNTIME_PATH for `dapr run -f .`: the CLI starts `.dapr/bin/daprd` below. */
export const daprRunPath = (project: Project): string => join(project.home, 'dapr-run')

/** Paths of the `dapr` command: installed for this project or for this user. */
export const daprBinFolders = (project: Project): string[] =>
  [join(project.home, 'dapr'), homedir()].map((folder) => join(folder, '.dapr', 'bin'))

/** A broker to which the sidecar of an app does not reconnect by itself after an outage of more than `survivesSeconds`. */
export type WatchedBroker = { app: string; host: string; port: number; survivesSeconds: number }

/** Returns the brokers to watch for each app. */
export function watchedBrokers(
  apps: readonly string[],
  resources: readonly Resource[],
  secrets: Secrets,
): WatchedBroker[] {
  return servers.flatMap((server) => {
    const { sidecarsReconnectForSeconds: survivesSeconds } = server
    if (!survivesSeconds) return []
    const components = resources.filter(({ spec }) => provides(server, spec.type))
    return apps.flatMap((app) => {
      const own = components.find(({ scopes }) => scopes.length === 0 || scopes.includes(app))
      const [address] = own ? entriesOf(own).flatMap((entry) => addressesIn(entry, secrets)) : []
      return address ? [{ app, ...address, survivesSeconds }] : []
    })
  })
}

/**
 * Writes the `daprd` program started by `dapr run -f .`. The CLI gives all sidecars its own environment. The program
 * reads `--app-id`, loads the tokens and the identity of the one app, and becomes the real daprd. The program also
 * binds the ports for other sidecars and for metrics to the loopback interface, and names sentry and the scheduler, for
 * which a run file has no field: the CLI's own ports for these two are among those of outgoing connections.
 * For the sidecar of an app with a watched broker the program stays beside daprd, and starts daprd again when the broker
 * is back after a long outage.
 */
export function writeDaprdForRun(
  project: Project,
  daprd: string,
  brokers: readonly WatchedBroker[],
  lookEverySeconds = 5,
): void {
  const file = join(daprRunPath(project), '.dapr', 'bin', 'daprd')
  const text = script(project, daprd, brokers.map(watch(lookEverySeconds)))
  if (readIfThere(file) !== text) writeWhole(file, text, 0o700)
  chmodSync(file, 0o700)
}

const watch =
  (everySeconds: number) =>
  ({ app, host, port, survivesSeconds }: WatchedBroker): string =>
    `    ${app}) broker='${host} ${port} ${survivesSeconds} ${everySeconds}' ;;`

/**
 * Stays the process that \`dapr run\` started, with daprd as its child. SIGUSR1 of the watcher means that the broker has
 * answered twice after a long outage. \`dapr run\` kills with SIGKILL: the end of this process ends a pipe, and the reader
 * of the pipe ends daprd.
 */
const keepDaprd = `
watch() {
  away= back=
  while sleep "$5" && kill -0 "$1"; do
    began=$SECONDS
    if ! (exec 3<>"/dev/tcp/$2/$3"); then away=\${away:-$began} back=; continue; fi
    [ -n "$away" ] || continue
    [ -n "$back" ] || { back=$began; continue; }
    [ $((back - away)) -lt "$4" ] || kill -USR1 "$1"
    away= back=
  done
}
watch $$ $1 </dev/null >/dev/null 2>&1 &
shift
trap : INT
trap "kill -TERM \\$daprd" TERM
trap "again=1; kill -TERM \\$daprd" USR1
while :; do
  again=
  "$@" &
  daprd=$!
  exec 9> >(exec >/dev/null 2>&1; cat; kill -KILL "$daprd")
  while wait "$daprd"; code=$?; kill -0 "$daprd" 2>/dev/null; do :; done
  exec 9>&-
  [ -n "$again" ] || exit "$code"
done
`

const script = (project: Project, daprd: string, watches: readonly string[]) => `#!/bin/sh
umask 077
# Started by \`dapr run -f .\` as daprd; written by \`sidecart backing start\` (packages/platform/supervisor/dapr-run.ts).
app= before= broker=
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
  set -- "$@" --sentry-address ${sentryAddress} --scheduler-host-address ${schedulerAddress}
  case $app in
${watches.join('\n')}
  esac
fi
[ -n "$broker" ] && command -v bash >/dev/null &&
  exec bash -c ${quoted(keepDaprd)} keep-daprd "$broker" ${quoted(daprd)} "$@"
exec ${quoted(daprd)} "$@"
`
