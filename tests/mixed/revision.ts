import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const git = (...args: string[]): string =>
  execFileSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

/** Takes the place of a release until there is one: from this commit on, migrations only add. */
const onlyAdds = '3ef0eb60d774317e0e8f3ae787b85fca53ce09a3'

/**
 * Returns the commit of the last release: of MIXED_REVISION, else of the newest tag `v…`.
 *
 * @throws Error when the checkout has no such history
 */
export function lastRelease(): string {
  const { MIXED_REVISION } = process.env
  if (MIXED_REVISION) return git('rev-parse', `${MIXED_REVISION}^{commit}`)
  const [tag] = git('tag', '--list', 'v*', '--sort=-version:refname', '--merged').split('\n')
  if (tag) return git('rev-parse', `${tag}^{commit}`)
  return git('rev-parse', `${onlyAdds}^{commit}`)
}

/** Checks a revision out below `.sidecart`, with the installed packages. Returns the folder. */
export function checkOut(revision: string): string {
  const folder = join(root, '.sidecart/mixed')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  execFileSync('bash', ['-c', 'git archive "$0" | tar -x -C "$1"', revision, folder], { cwd: root })
  // a link to the whole folder would find the packages of this checkout
  const modules = join(root, 'node_modules')
  execFileSync('cp', ['-a', modules, join(folder, 'node_modules')])
  return folder
}
