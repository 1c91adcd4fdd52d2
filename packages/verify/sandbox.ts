import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Project } from '@sidecart/platform/config/project.ts'
import { openFolder } from '@sidecart/platform/process/unprivileged.ts'

/**
 * A place for a second shop from the same checkout at the same time: a network with loopback only, a folder in place of
 * `.sidecart`, and a temporary folder.
 */
export type Sandbox = {
  /** What processes in the sandbox see as `.sidecart`. */
  home: string
  env: NodeJS.ProcessEnv
  /** Returns the command that runs a command in the sandbox. The process is the command's own, with its signals and exit code. */
  command(words: readonly string[]): [program: string, args: string[]]
  remove(): void
}

/** Folders with programs and caches of this checkout, which need no second copy. */
const shared = ['bin', 'dapr', 'cache']
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

/**
 * Creates a sandbox of a checkout, empty but for installed programs. Sandboxes with different names are independent.
 * Returns undefined where namespaces and mounts are impossible: for a normal user, in a container without privileges, on
 * another system than Linux.
 */
export function createSandbox(project: Project, name = 'sandbox'): Sandbox | undefined {
  const home = join(project.home, name)
  rmSync(home, { recursive: true, force: true })
  for (const name of shared)
    for (const folder of [project.home, home]) mkdirSync(join(folder, name), { recursive: true })
  const temporary = mkdtempSync(join(tmpdir(), 'sidecart-sandbox-'))
  chmodSync(temporary, 0o755)
  const [open, tmp] = [join(temporary, 'open'), join(temporary, 'tmp')]
  for (const folder of [open, tmp]) mkdirSync(folder)
  chmodSync(tmp, 0o1777) // servers run as an unprivileged user
  const sandbox: Sandbox = {
    home,
    env: { TMPDIR: tmp },
    command: (words) => [
      'unshare',
      ['--net', '--mount', '--', 'sh', '-ec', enter, 'sh', project.home, home, open, ...words],
    ],
    remove() {
      for (const folder of [home, temporary]) rmSync(folder, { recursive: true, force: true })
    },
  }
  if (spawnSync(...sandbox.command(['true']), { stdio: 'ignore' }).status === 0) return sandbox
  sandbox.remove()
  return undefined
}
