import { execFile } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Project, UserError } from '../config/project.ts'
import { seconds } from '../process/terminal.ts'

const run = promisify(execFile)
const sources = [
  'index.html',
  'vite.config.ts',
  'build',
  'public',
  'src',
  '../package-lock.json',
  '../docs/asyncapi.json',
]

/**
 * Builds the web app when it is not built yet, or has been changed since. Takes milliseconds when there is nothing
 * to do; otherwise says so on stderr.
 * @throws UserError with what the build had to say
 */
export async function ensureWebApp({ root }: Project): Promise<void> {
  const web = join(root, 'web')
  if (builtAt(web) > Math.max(...sources.map((name) => changedAt(join(web, name))))) return
  const began = performance.now()
  process.stderr.write('building the web app …\n')
  await buildWebApp(root)
  process.stderr.write(`web app built in ${seconds(performance.now() - began)}\n`)
}

async function buildWebApp(root: string): Promise<void> {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const args = [vite, 'build', 'web', '--logLevel', 'warn']
  // whatever this command runs in, such as a test, pages get the libraries as they are for production
  const env = { ...process.env, NODE_ENV: 'production' }
  await run(process.execPath, args, { cwd: root, env }).catch((error: { stderr: string }) => {
    throw new UserError(`the web app cannot be built:\n${error.stderr}`)
  })
}

const builtAt = (web: string): number =>
  statSync(join(web, 'dist', 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0

/** A folder counts too: it changes when a file is taken away. */
function changedAt(path: string): number {
  const stats = statSync(path)
  const below = stats.isDirectory() ? readdirSync(path) : []
  return Math.max(stats.mtimeMs, ...below.map((name) => changedAt(join(path, name))))
}
