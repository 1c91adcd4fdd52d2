import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Project } from '@sidecart/platform/config/project.ts'
import { openFolder } from '@sidecart/platform/process/unprivileged.ts'

/**
 * A place for a second shop from the same checkout at the same time: processes that neither see nor outlive others, a
 * network with loopback only, a folder in place of `.sidecart`, and a temporary folder.
 */
export type Sandbox = {
  /** What processes in the sandbox see as `.sidecart`. */
  home: string
  env: NodeJS.ProcessEnv
  /** Returns the command that runs a command in the sandbox, and passes SIGTERM on to it, and its exit code back. */
  command(words: readonly string[]): [program: string, args: string[]]
  remove(): void
}

/** Folders with programs and caches of this checkout, which need no second copy. */
const shared = ['bin', 'dapr', 'cache']
/** Runs a command in the background and waits for its end. The first process that a shell starts has the PID 1. */
const passOn = `
child=$!
trap : INT
trap 'kill -TERM $child' TERM
while :; do
  code=0
  wait $child || code=$?
  kill -0 $child 2>/dev/null || exit $code
done`
const first = `mount -t proc proc /proc
"$@" &${passOn}`
/**
 * Arguments: the script `first` and the command. Processes of others are not seen: the Dapr CLI looks at all of the
 * machine, and refuses ports of a daprd in another network.
 */
const ownProcesses = `
script=$1
shift
sh -c "$script" sh "$@" &${passOn}`
const alone = ['unshare', '--mount', '--pid', '--', 'sh', '-c', ownProcesses, 'sh', first]

/** Arguments: the project's `.sidecart`, the folders in place of it and of `openFolder`, and the command. */
const enter = `
ip link set lo up
home=$1 own=$2 open=$3
shift 3
for name in ${shared.join(' ')}; do mount --bind "$home/$name" "$own/$name"; done
mkdir -p ${openFolder}
mount --bind "$open" ${openFolder}
mount --rbind "$own" "$home"
exec "$@"
`

/** Returns the checkout itself as a place beside its sandboxes: their processes and those of the machine are not seen. */
export const besideSandboxes = ({ home }: Project): Sandbox => ({
  home,
  env: {},
  command: (words) => [alone[0] ?? '', [...alone.slice(1), ...words]],
  remove() {},
})

/**
 * Creates a sandbox of a checkout, empty but for installed programs. Several are independent.
 * Returns undefined where namespaces and mounts are impossible: for a normal user, in a container without privileges, on
 * another system than Linux.
 */
export function createSandbox(project: Project): Sandbox | undefined {
  // not below `.sidecart`, whose content each start of a shop closes to other users
  const temporary = mkdtempSync(join(tmpdir(), 'sidecart-sandbox-'))
  chmodSync(temporary, 0o755)
  const inside = (name: string) => join(temporary, name)
  const [home, open, tmp] = [inside('home'), inside('open'), inside('tmp')]
  for (const folder of [home, open, tmp]) mkdirSync(folder)
  for (const name of shared)
    for (const folder of [project.home, home]) mkdirSync(join(folder, name), { recursive: true })
  chmodSync(tmp, 0o1777) // servers run as an unprivileged user
  const sandbox: Sandbox = {
    home,
    env: { TMPDIR: tmp },
    command: (words) => [
      'unshare',
      [
        ...['--net', '--mount', '--', 'sh', '-ec', enter, 'sh', project.home, home, open],
        ...[...alone, ...words],
      ],
    ],
    remove: () => rmSync(temporary, { recursive: true, force: true }),
  }
  if (spawnSync(...sandbox.command(['true']), { stdio: 'ignore' }).status === 0) return sandbox
  sandbox.remove()
  return undefined
}
