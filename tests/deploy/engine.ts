import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureProgram, type Program, prometheus } from '@sidecart/platform/install/packages.ts'
import { freePorts } from '@sidecart/platform/install/testing.ts'
import { java } from '@sidecart/platform/servers/java.ts'
import { until } from '@sidecart/testing/until.ts'

export type Engine = {
  /** What `docker` has to be called with to reach it. */
  env: NodeJS.ProcessEnv
  /**
   * Ends the daemon with everything that it runs, and starts it again. Undefined where the daemon is not ours: there
   * are containers of others in it.
   */
  restart: (() => Promise<void>) | undefined
  /** Where it looks for images before it asks their registry: a port of this machine. 0 where the daemon is not ours. */
  mirror: number
  close(): Promise<void>
}

const root = join(import.meta.dirname, '../..')
const dockerd: Program = { name: 'dockerd', debian: 'docker.io', brew: '--cask docker' }
const tini: Program = { name: 'tini', debian: 'tini', brew: 'tini' }
const debootstrap: Program = { name: 'debootstrap', debian: 'debootstrap', brew: 'debootstrap' }

/** What the images are made from, as docker-compose.yml and the Dockerfile name them; one is enough to ask a registry for. */
const baseImage = 'node:24-bookworm-slim'

/** Grafana, and those that have a stand-in, as docker-compose.observability.yml and its Dockerfile name them. */
const monitoringImages = [
  'grafana/grafana:12.3.0',
  'prom/prometheus:v3.5.0',
  'otel/opentelemetry-collector-contrib:0.148.0',
  'openzipkin/zipkin:3.6.1',
]

/**
 * A Docker engine with Compose and the base images: the one that `docker` reaches, else one of our own that root starts
 * on a socket and with a data folder of its own, below `.sidecart/docker`.
 *
 * @throws Error with the reason, and the command that installs what is missing
 */
export async function openEngine(): Promise<Engine> {
  const engine = (await reachable(process.env)) ? theirs() : await ours()
  try {
    await ensureCompose(engine)
    await ensureImages(engine)
    return engine
  } catch (error) {
    await engine.close()
    throw error
  }
}

const config = join(root, '.sidecart/docker/config')
const log = join(root, '.sidecart/docker/dockerd.log')

const withPlugins = (env: NodeJS.ProcessEnv) => ({ ...env, DOCKER_CONFIG: config })

function theirs(): Engine {
  return { env: process.env, restart: undefined, mirror: 0, close: async () => {} }
}

async function ours(): Promise<Engine> {
  if (process.getuid?.() !== 0)
    throw new Error('no Docker engine answers, and only root can start one: start Docker')
  const { path } = await ensureProgram(dockerd, { log: console.error })
  mkdirSync(config, { recursive: true })
  const folder = mkdtempSync(join(tmpdir(), 'sidecart-docker-'))
  const host = `unix://${join(folder, 'docker.sock')}`
  const env = withPlugins({ ...process.env, DOCKER_HOST: host })
  const [mirror = 0] = await freePorts(1)
  const flags = {
    host,
    'registry-mirror': `http://127.0.0.1:${mirror}`,
    'data-root': join(root, '.sidecart/docker/data'),
    'exec-root': join(folder, 'exec'),
    pidfile: join(folder, 'pid'),
    // the bridge by default, and the networks of Compose: each its own, as a restart finds those that are there
    bip: '10.212.0.1/24',
    'default-address-pool': 'base=10.213.0.0/16,size=24',
  }
  let ended: Promise<unknown> = Promise.resolve()
  let end: () => void = () => {}

  async function start(): Promise<void> {
    const file = openSync(log, 'a')
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
    const daemon = spawn(path, args, { stdio: ['ignore', file, file] })
    ended = new Promise((resolve) => daemon.once('exit', resolve))
    end = () => void daemon.kill('SIGTERM')
    await until(`a Docker engine answers (${log})`, () => reachable(env), 60_000, 200)
  }
  async function stop(): Promise<void> {
    end()
    await ended
  }
  await start()
  return {
    env,
    mirror,
    restart: async () => {
      await stop()
      await start()
    },
    close: async () => {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function reachable(env: NodeJS.ProcessEnv): Promise<boolean> {
  return run('docker', ['version', '--format', '{{.Server.Version}}'], { env }).then(
    () => true,
    () => false,
  )
}

async function ensureCompose(engine: Engine): Promise<void> {
  const has = () =>
    run('docker', ['compose', 'version'], { env: engine.env }).catch(() => undefined)
  if (await has()) return
  engine.env = withPlugins(engine.env)
  if (await has()) return
  console.error('building Docker Compose from its Go module: about three minutes')
  await run(join(root, 'deploy/offline/compose.sh'), [], { env: engine.env })
}

/** From a registry, else stand-ins: deploy/offline. */
async function ensureImages(engine: Engine): Promise<void> {
  const { env } = engine
  if (await hasImage(engine, baseImage)) return
  for (const program of [tini, debootstrap]) await ensureProgram(program, { log: console.error })
  console.error('no image registry can be reached: making stand-ins, about two minutes')
  await run(join(root, 'deploy/offline/images.sh'), [], { env })
}

/**
 * The images of docker-compose.observability.yml, from a registry, else stand-ins. Returns the services that have neither.
 *
 * @throws Error with the command that installs what a stand-in needs
 */
export async function ensureMonitoringImages(engine: Engine): Promise<string[]> {
  const { env } = engine
  const [others, grafana] = [monitoringImages.slice(1), monitoringImages[0] ?? '']
  const found = await Promise.all(others.map((image) => hasImage(engine, image)))
  if (!found.every(Boolean)) {
    for (const program of [prometheus, java]) await ensureProgram(program, { log: console.error })
    await run(join(root, 'deploy/offline/images.sh'), ['observability'], { env })
  }
  return (await hasImage(engine, grafana)) ? [] : ['grafana']
}

async function hasImage({ env }: Engine, image: string): Promise<boolean> {
  const succeeds = (args: readonly string[], timeout: number) =>
    run('docker', args, { env, timeout }).then(
      () => true,
      () => false,
    )
  return (
    (await succeeds(['image', 'inspect', image], 10_000)) ||
    succeeds(['pull', '--quiet', image], 300_000)
  )
}

export type RunOptions = {
  env?: NodeJS.ProcessEnv
  cwd?: string
  input?: string
  timeout?: number
}

/** What a command writes to stdout. @throws Error with what it wrote to stderr */
export function run(
  command: string,
  args: readonly string[],
  { input = '', timeout = 900_000, ...options }: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const limits = { ...options, timeout, maxBuffer: 64 * 1024 * 1024 }
    const child = execFile(command, args, limits, (error, stdout, stderr) => {
      const printed = () =>
        `${command} ${args.join(' ')}\n${stdout.slice(-3_000)}${stderr.slice(-3_000)}`
      if (error) reject(new Error(printed(), { cause: error }))
      else resolve(stdout)
    })
    // a command that fails early reads nothing
    child.stdin?.on('error', () => {}).end(input)
  })
}
