import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { output } from '../process/spawn.ts'
import { PartError } from './binaries.ts'
import { atLeast } from './versions.ts'

/** A server program from the machine's package manager. */
export type Program = {
  name: string
  otherNames?: readonly string[]
  debian: string
  brew: string
  /** Paths searched before PATH. */
  folders?: readonly string[]
  /** Arguments that print the version, and a pattern; group 1 of the pattern is the version. */
  version?: { args: readonly string[]; pattern: RegExp }
  least?: string
}

/** The browser of the browser tests, under any of its names. */
export const chromium: Program = {
  name: 'chromium',
  otherNames: ['chromium-browser', 'google-chrome', 'google-chrome-stable', 'Google Chrome'],
  folders: ['/Applications/Google Chrome.app/Contents/MacOS'],
  debian: 'chromium',
  brew: '--cask chromium',
}

/** The proxy of `deploy/nginx/`. */
export const nginx: Program = {
  name: 'nginx',
  debian: 'nginx',
  brew: 'nginx',
  version: { args: ['-v'], pattern: /nginx\/(\d+\.\d+\.\d+)/ },
  least: '1.22.0',
}

/** Makes certificates for tests. */
export const openssl: Program = { name: 'openssl', debian: 'openssl', brew: 'openssl' }

/** Prometheus, of the tests of metrics and alerts. */
export const prometheus: Program = {
  name: 'prometheus',
  debian: 'prometheus',
  brew: 'prometheus',
  version: { args: ['--version'], pattern: /version (\d+\.\d+\.\d+)/ },
  least: '2.40.0',
}

/** Checks and tests rules; comes with Prometheus. */
export const promtool: Program = { ...prometheus, name: 'promtool' }

/** Python with virtual environments, which Debian has in a package apart; runs the fuzzer of the API. */
export const python: Program = {
  name: 'python3',
  debian: 'python3-venv',
  brew: 'python',
  version: {
    args: ['-c', 'import ensurepip, venv, sys; print("version", sys.version)'],
    pattern: /version (\d+\.\d+\.\d+)/,
  },
  least: '3.11.0',
}

export type Installed = { path: string; version: string }

type Options = {
  env?: Record<string, string | undefined>
  log?: ((line: string) => void) | undefined
  /** Allows the use of the machine's package manager; off unless requested. */
  install?: boolean
}

const usualFolders = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin', '/opt/homebrew/bin']
const installTimeoutMs = 600_000

/** Set by `--install` for all processes started by a command. */
export const installVariable = 'SIDECART_INSTALL'

/**
 * Returns an installed program; with `--install`, as root and with apt-get, installs missing programs from Debian
 * packages. Installed servers are not started. @throws PartError with the install command
 */
export async function ensureProgram(program: Program, options: Options = {}): Promise<Installed> {
  const found = await findProgram(program, options)
  if (typeof found === 'object') return found
  const { install = process.env[installVariable] === '1' } = options
  if (!install || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    throw missing(program, found)
  options.log?.(`${program.name}: ${found}; installing the Debian package ${program.debian}`)
  try {
    await withoutStartingServices(() => aptInstall(program.debian))
  } catch (error) {
    throw missing(program, `apt-get could not install it: ${lastLine(error as Error)}`)
  }
  const installed = await findProgram(program, options)
  if (typeof installed === 'object') return installed
  throw missing(program, installed)
}

/** Returns the program with its version, such as `Redis 7.0.15`. @throws PartError with the install command */
export const describeProgram = async (title: string, program: Program): Promise<string> =>
  `${title} ${(await ensureProgram(program, { log: console.error })).version}`

/** Returns the version of an installed npm package. */
export function packageVersion(root: string, name: string): string {
  const file = join(root, 'node_modules', name, 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** Returns the program, or the reason why no copy fits. */
async function findProgram(
  { name, otherNames = [], folders = [], version, least = '0.0.0' }: Program,
  { env = process.env }: Options,
): Promise<Installed | string> {
  const onPath = (env.PATH ?? '').split(delimiter).filter(Boolean)
  const places = [...folders, ...onPath, ...usualFolders].flatMap((folder) =>
    [name, ...otherNames].map((file) => join(folder, file)),
  )
  const path = places.find(executable)
  if (!path) return 'not on this machine'
  if (!version) return { path, version: '' }
  const printed = await output(path, version.args, 30_000).catch(
    // some programs print a version and exit with an error
    ({ stdout = '', message }: Error & { stdout?: string }) => stdout + message,
  )
  const stated = version.pattern.exec(printed)?.[1] ?? ''
  if (atLeast(stated, least)) return { path, version: stated }
  return `${path} has version ${stated || 'unknown'}, needed is ${least} or later`
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function aptInstall(name: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args: string[]) =>
    output('apt-get', ['-o', 'DPkg::Lock::Timeout=300', '-qq', ...args], installTimeoutMs, { env })
  const install = () => apt('install', '--yes', '--no-install-recommends', name)
  // Package lists are updated only when the package is unknown or no longer at the listed address.
  await install().catch(() => apt('update').then(install))
}

/**
 * Debian packages start installed servers with foreign ports and data; this policy file is Debian's way to prevent the
 * start.
 */
async function withoutStartingServices(work: () => Promise<void>): Promise<void> {
  const policy = '/usr/sbin/policy-rc.d'
  const ours = !existsSync(policy)
  if (ours)
    writeFileSync(policy, '#!/bin/sh\n# for one installation by sidecart\nexit 101\n', {
      mode: 0o755,
    })
  try {
    await work()
  } finally {
    if (ours) rmSync(policy, { force: true })
  }
}

function missing({ name, debian, brew }: Program, why: string): PartError {
  const command =
    process.platform === 'darwin'
      ? `brew install ${brew}`
      : existsSync('/usr/bin/apt-get')
        ? `sudo apt-get install --no-install-recommends ${debian}`
        : `install the package that brings ${name} (Debian: ${debian}; Homebrew: ${brew})`
  const asRoot = process.getuid?.() === 0 ? ' (or the same command again with --install)' : ''
  return new PartError(`${name} cannot be started: ${why}.\nThis installs it: ${command}${asRoot}`)
}

const lastLine = ({ message }: Error) => message.trim().split('\n').at(-1) ?? ''
