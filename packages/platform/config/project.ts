import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** Where everything of one checkout lies. What the CLI writes is under `.sidecart/`, which git ignores. */
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
    /** A folder per app: the tokens of the app and its sidecar, and the proof of its identity. */
    apps: join(home, 'apps'),
    /** The keys that sign those proofs. */
    identities: join(home, 'identities'),
    logs: join(home, 'logs'),
    stateFile: join(home, 'run', 'state.json'),
    socket: socketPath(join(home, 'run', 'supervisor.sock')),
    /** Where the supervisor answers the operations console. */
    operationsSocket: socketPath(join(home, 'run', 'desk.sock')),
  }
}

/** An error whose message tells a person what to do: printed without a stack. */
export class UserError extends Error {
  override name = 'UserError'
}

/** Unix sockets take at most about 100 characters; a deeper project gets one in the temporary folder. */
function socketPath(wanted: string): string {
  if (Buffer.byteLength(wanted) <= 100) return wanted
  const mark = createHash('sha256').update(wanted).digest('hex').slice(0, 16)
  return join(tmpdir(), `sidecart-${mark}.sock`)
}
