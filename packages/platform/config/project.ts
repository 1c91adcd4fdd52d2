import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** Paths of one checkout. Files written by the CLI are under `.sidecart/`, which git ignores. */
export type Project = ReturnType<typeof projectAt>

export function projectAt(
  root = join(import.meta.dirname, '../../..'),
  elsewhere: { home?: string; runFile?: string } = {},
) {
  const home = resolve(elsewhere.home ?? join(root, '.sidecart'))
  return {
    root: resolve(root),
    runFile: resolve(elsewhere.runFile ?? join(root, 'dapr.yaml')),
    home,
    secretsFile: join(home, 'secrets.json'),
    envFile: join(home, 'env'),
    certificates: join(home, 'certs'),
    /** One folder per app: tokens of app and sidecar, and the signed token for sentry. */
    apps: join(home, 'apps'),
    /** Keys that sign the identity tokens. */
    identities: join(home, 'identities'),
    logs: join(home, 'logs'),
    /** Unix sockets of pluggable components. */
    sockets: join(home, 'sockets'),
    stateFile: join(home, 'run', 'state.json'),
    socket: socketPath(join(home, 'run', 'supervisor.sock')),
    /** Unix socket of the operations API. */
    operationsSocket: socketPath(join(home, 'run', 'desk.sock')),
  }
}

/** Name of an app's first instance; `dapr run -f .` cannot tell instances apart. */
export const firstInstance = '1'

/** An error whose message tells a person the next step: printed without a stack. */
export class UserError extends Error {
  override name = 'UserError'
}

/** Unix socket paths are limited to about 100 characters; a deeper project uses the temporary folder. */
function socketPath(wanted: string): string {
  if (Buffer.byteLength(wanted) <= 100) return wanted
  const mark = createHash('sha256').update(wanted).digest('hex').slice(0, 16)
  return join(tmpdir(), `sidecart-${mark}.sock`)
}
