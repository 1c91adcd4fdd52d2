#!/usr/bin/env node
// Runs on any Node since 20, also in a fresh clone: installs what package-lock.json names if it is not there yet, then
// hands over to the CLI on the Node that the project brings along. No dependencies.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const modules = join(root, 'node_modules')
const ownNode = join(modules, '.bin', 'node')
const stamp = join(modules, '.sidecart-lock-hash')
const lock = join(root, 'package-lock.json')
/** The oldest Node that strips types as the services need it. */
const leastNode = 24

try {
  if (!isInstalled() && !endsTheShop(process.argv.slice(2))) {
    refuseWhileRunning()
    await install()
  }
  ensureOwnNode()
  process.exitCode = await handOver()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

function isInstalled() {
  const hash = hashOfLock()
  if (read(stamp) === hash) return true
  if (!matchesLock()) return false
  writeFileSync(stamp, hash)
  return true
}

/** Whether a command ends what runs from the packages that are installed: it runs with these itself. */
function endsTheShop([first, second]) {
  return existsSync(modules) && (first === 'down' || (first === 'backing' && second === 'stop'))
}

/** `npm ci` deletes node_modules first, from which the processes of a running shop load what they need next. */
function refuseWhileRunning() {
  const text = existsSync(modules) && read(join(root, '.sidecart', 'run', 'state.json'))
  if (!text) return
  const { supervisor, processes } = JSON.parse(text)
  if (![supervisor, ...processes].some((one) => one?.pid && isAlive(one))) return
  const how = supervisor
    ? `./sidecart down      (or: kill ${supervisor.pid})`
    : 'Ctrl-C where `dapr run` runs, then ./sidecart backing stop'
  throw new Error(
    `package-lock.json names other packages than those installed, and a shop runs from them: installing would delete them under it.
  1. stop it:     ${how}
  2. install:     npm ci
  3. start again: ${supervisor ? './sidecart up' : './sidecart backing start, then `dapr run -f .`'}`,
  )
}

/** Whether a recorded process runs; the mark tells it from another one with the same pid (see platform/process/spawn.ts). */
function isAlive({ pid, startMark = '' }) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
  const stat = read(`/proc/${pid}/stat`)
  const [boot, started] = startMark.split(':')
  const isSame = () => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] === started
  return !stat || (isSame() && read('/proc/sys/kernel/random/boot_id').startsWith(boot))
}

/** npm brings a Node for most platforms; elsewhere the one that runs this stands in for it, if it is new enough. */
function ensureOwnNode() {
  if (existsSync(ownNode)) return
  const [major] = process.versions.node.split('.').map(Number)
  if (major < leastNode)
    throw new Error(
      `npm has no Node for ${process.platform} on ${process.arch}, and this one is ${process.version}: start with Node ${leastNode} or later.`,
    )
  mkdirSync(dirname(ownNode), { recursive: true })
  rmSync(ownNode, { force: true })
  symlinkSync(process.execPath, ownNode)
}

function hashOfLock() {
  const text = read(lock)
  if (text === undefined)
    throw new Error(`${lock} is missing: this is not a whole checkout of the project.`)
  return createHash('sha256').update(text).digest('hex')
}

/** Whether npm itself has installed exactly this, e.g. by a plain `npm ci`; it leaves a note of what it installed. */
function matchesLock() {
  const note = read(join(modules, '.package-lock.json'))
  if (note === undefined) return false
  const installed = JSON.parse(note).packages
  return Object.entries(JSON.parse(read(lock)).packages).every(
    ([path, { version, optional, link }]) =>
      path === '' || link || (optional && !installed[path]) || installed[path]?.version === version,
  )
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** `npm ci`, with a clock on a terminal; what npm says is shown only when it fails. */
async function install() {
  const began = Date.now()
  const seconds = () => `${Math.round((Date.now() - began) / 1000)} s`
  const what = 'installing packages (npm ci)'
  if (!process.stderr.isTTY) console.error(`${what} …`)
  const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
  let frame = 0
  const clock = process.stderr.isTTY
    ? setInterval(
        () => process.stderr.write(`\r${frames[frame++ % frames.length]} ${what} ${seconds()}`),
        100,
      )
    : undefined
  const { code, output } = await npmCi()
  clearInterval(clock)
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  if (code !== 0)
    throw new Error(`${said(output)}\n\n\`npm ci\` failed (see above); mend that, then try again.`)
  writeFileSync(stamp, hashOfLock())
  console.error(`packages installed in ${seconds()}`)
}

/** npm adds its whole manual to some faults: the beginning says what is wrong. */
function said(output) {
  return output.trim().split('\n').slice(0, 30).join('\n')
}

function npmCi() {
  // The npm that started us, so that it is the same version; else the one on the PATH.
  const ours = process.env.npm_execpath?.endsWith('npm-cli.js')
  const [program, ...first] = ours ? [process.execPath, process.env.npm_execpath] : ['npm']
  // NODE_ENV=production or a setting of the user's would leave out what this command runs on.
  const whole = ['--include=dev', '--include=optional', '--include=peer']
  const args = [...first, 'ci', ...whole, '--no-audit', '--no-fund', '--loglevel=error']
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  return new Promise((resolve) => {
    child.on('error', (error) =>
      resolve({ code: 1, output: `npm cannot be started: ${error.message}` }),
    )
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Runs the CLI and ends as it ends. It decides when to stop: a signal is passed on once, and waited for. */
function handOver() {
  mkdirSync(join(root, '.sidecart', 'cache'), { recursive: true })
  const plain = process.stdout.isTTY ? {} : { NO_COLOR: '1' }
  const cache = { NODE_COMPILE_CACHE: join(root, '.sidecart', 'cache') }
  const env = { ...plain, ...process.env, ...cache, ...withoutProxyHere() }
  const words = process.argv.slice(2)
  // The benchmark uses all packages and is used by none: a program of its own.
  const isBench = words[0] === 'bench'
  const program = join(root, isBench ? 'bench/main.ts' : 'packages/cli/main.ts')
  const args = [program, ...words.slice(isBench ? 1 : 0)]
  const child = spawn(ownNode, args, { cwd: root, stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  if (process.env.npm_lifecycle_event) onOrphaned(() => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}

/** Whatever proxy the environment names, the shop talks to itself without. */
function withoutProxyHere() {
  const hosts = ['127.0.0.1', 'localhost', '::1']
  const given = (process.env.NO_PROXY ?? process.env.no_proxy ?? '').split(',').filter(Boolean)
  const list = [...new Set([...given, ...hosts])].join(',')
  return { NO_PROXY: list, no_proxy: list }
}

/** A signal that ends npm ends only the shell between npm and us: that our parent is gone has to do as the signal. */
function onOrphaned(act) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    act()
  }, 250)
  watch.unref()
}
