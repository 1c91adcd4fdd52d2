import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../architecture/tree.ts'

/** Installed programs, shared with the copy. */
const shared = ['.sidecart/bin', '.sidecart/dapr']

/**
 * Copies the checkout, with changes that are not committed, into a repository of its own with one commit. The packages
 * of the project are linked to their copies, all others to the installed ones.
 */
export function copyRepository(to: string): void {
  rmSync(to, { recursive: true, force: true })
  const git = (cwd: string, ...args: string[]) => execFileSync('git', args, { cwd })
  const listed = git(root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard')
  for (const path of listed.toString().split('\0').filter(Boolean))
    if (existsSync(join(root, path))) cpSync(join(root, path), join(to, path))
  git(to, 'init', '--quiet')
  git(to, 'add', '--all')
  const author = ['-c', 'user.name=tests', '-c', 'user.email=tests@sidecart.example']
  git(to, ...author, 'commit', '--quiet', '--message', 'chore: copy')
  linkPackages(to)
  for (const path of shared.filter((path) => existsSync(join(root, path)))) {
    mkdirSync(dirname(join(to, path)), { recursive: true })
    symlinkSync(join(root, path), join(to, path))
  }
}

/** Files in which npm and the command note what is installed. The copy has its own. */
const records = ['.package-lock.json', '.sidecart-lock-hash', '.vite', '.vite-temp', '.vitest']

function linkPackages(to: string): void {
  const own = 'node_modules/@sidecart'
  mkdirSync(join(to, own), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@sidecart' && !records.includes(name))
      symlinkSync(join(root, 'node_modules', name), join(to, 'node_modules', name))
  const lock = readFileSync(join(to, 'package-lock.json'), 'utf8')
  const hash = createHash('sha256').update(lock).digest('hex')
  writeFileSync(join(to, 'node_modules/.sidecart-lock-hash'), hash)
  // relative links, so they lead to the copies
  for (const name of readdirSync(join(root, own)))
    symlinkSync(readlinkSync(join(root, own, name)), join(to, own, name))
}
