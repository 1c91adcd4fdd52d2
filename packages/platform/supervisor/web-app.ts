import { execFile } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
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
 * Builds the web app when missing or outdated; does nothing in a project without one. Takes milliseconds when the build is current; otherwise prints a line on
 * stderr.
 * @throws UserError with the output of a failed build
 */
export async function ensureWebApp({ root }: Project): Promise<void> {
  const web = join(root, 'web')
  if (!existsSync(web)) return
  if (builtAt(web) > Math.max(...sources.map((name) => changedAt(join(web, name))))) return
  const began = performance.now()
  process.stderr.write('building the web app …\n')
  await buildWebApp(root)
  process.stderr.write(`web app built in ${seconds(performance.now() - began)}\n`)
}

async function buildWebApp(root: string): Promise<void> {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const args = [vite, 'build', 'web', '--logLevel', 'warn']
  // pages get the production builds of libraries, also when the command runs in a test
  const env = { ...process.env, NODE_ENV: 'production' }
  await run(process.execPath, args, { cwd: root, env }).catch((error: { stderr: string }) => {
    throw new UserError(`the web app cannot be built:\n${error.stderr}`)
  })
}

const builtAt = (web: string): number =>
  statSync(join(web, 'dist', 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Returns the newest change. Folders count too: removing a file changes the folder. */
function changedAt(path: string): number {
  const stats = statSync(path)
  const below = stats.isDirectory() ? readdirSync(path) : []
  return Math.max(stats.mtimeMs, ...below.map((name) => changedAt(join(path, name))))
}
