import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '@sidecart/platform/install/testing.ts'
import { until } from '@sidecart/testing/until.ts'
import { type Engine, type RunOptions, run } from './engine.ts'

const root = join(import.meta.dirname, '../..')
const projectName = 'sidecart-test'

/** Files of Compose beside docker-compose.yml, and the services in them that are not started. */
export type Beside = { files?: readonly string[]; without?: readonly string[] }

export type Container = {
  service: string
  addresses: string[]
  pid: number
  health: string | undefined
  running: boolean
}

export type ContainerShop = {
  gateway: string
  inbox: string
  /** Where Prometheus, Zipkin and Grafana answer, if they run. */
  monitoring: { prometheus: string; zipkin: string; grafana: string }
  /** `docker compose …` in the clone. */
  compose(args: readonly string[], options?: RunOptions): Promise<string>
  /** A shell command in the clone, as a reader of the manual types it. */
  shell(script: string, timeoutMs?: number): Promise<string>
  /** A Node script inside a container; returns the JSON that it prints. */
  node<T>(service: string, script: string, input?: unknown): Promise<T>
  /** The same for a container without Node: the script runs in another one, in the networks of this one. */
  nodeBeside<T>(service: string, script: string, input?: unknown): Promise<T>
  inspect(format: string): Promise<string[]>
  containers(): Promise<Container[]>
  /** Waits until every container that stays is running, and healthy if it can tell. */
  healthy(timeoutMs: number): Promise<void>
  /**
   * A container in this network that has the name and listens nowhere, until it leaves: connections are refused at once,
   * instead of after the minutes that it may take to find out that there is no such name.
   */
  nobodyAt(name: string, network: string): Promise<{ leave(): Promise<unknown> }>
  down(): Promise<void>
}

/**
 * Copies what a clone would hold to a folder of its own, readable for its owner only, and builds and starts the shop
 * from there: a Compose project of its own on free ports.
 */
export async function openContainers(
  engine: Engine,
  { files = [], without = [] }: Beside = {},
): Promise<ContainerShop> {
  const clone = join(root, '.sidecart/docker/clone')
  rmSync(clone, { recursive: true, force: true })
  mkdirSync(clone, { recursive: true })
  const copy =
    'git ls-files -z --cached --others --exclude-standard | tar -c --null --ignore-failed-read -T - | tar -x -C "$0"'
  await run('bash', ['-c', `${copy} && chmod -R go-rwx "$0"`, clone], { cwd: root })
  const [shop = 0, mail = 0, prometheus = 0, zipkin = 0, grafana = 0] = await freePorts(5)
  const env = {
    ...engine.env,
    COMPOSE_PROJECT_NAME: projectName,
    SHOP_PORT: String(shop),
    MAIL_PORT: String(mail),
    PROMETHEUS_PORT: String(prometheus),
    ZIPKIN_PORT: String(zipkin),
    GRAFANA_PORT: String(grafana),
    ...(files.length > 0 && { COMPOSE_FILE: ['docker-compose.yml', ...files].join(':') }),
  }
  const at = { env, cwd: clone }
  const compose: ContainerShop['compose'] = (args, options) =>
    run('docker', ['compose', ...args], { ...at, ...options })
  const down = async () =>
    void (await compose(['down', '--volumes', '--remove-orphans', '--timeout', '5']))

  async function inspect(format: string): Promise<string[]> {
    const ids = (await compose(['ps', '--all', '--quiet'])).split('\n').filter(Boolean)
    const text = await run('docker', ['inspect', '--format', format, ...ids], at)
    return text.split('\n').filter(Boolean)
  }

  async function containers(): Promise<Container[]> {
    const lines = await inspect('{{json .}}')
    return lines.map((line) => {
      const { State, Config, NetworkSettings } = JSON.parse(line)
      const networks: { IPAddress: string }[] = Object.values(NetworkSettings.Networks)
      return {
        service: Config.Labels['com.docker.compose.service'],
        addresses: networks.map(({ IPAddress }) => IPAddress).filter(Boolean),
        pid: State.Pid,
        health: State.Health?.Status,
        running: State.Running,
      }
    })
  }

  async function sick(): Promise<string[]> {
    const all = (await containers()).filter(({ service }) => !endsByItself.includes(service))
    return all
      .filter(({ running, health = 'healthy' }) => !running || health !== 'healthy')
      .map(({ service }) => service)
  }

  await down()
  const all = without.length > 0 ? (await compose(['config', '--services'])).split('\n') : []
  const chosen = all.filter((service) => service && !without.includes(service))
  await compose(['up', '--build', '--wait', '--quiet-pull', ...chosen]).catch(
    async (error: Error) => {
      const logs = await compose(['logs', '--no-color', '--tail', '15'])
      throw new Error(`${error.message.slice(-1_000)}\n${logs}`)
    },
  )
  return {
    gateway: `http://127.0.0.1:${shop}`,
    inbox: `http://127.0.0.1:${mail}`,
    monitoring: {
      prometheus: `http://127.0.0.1:${prometheus}`,
      zipkin: `http://127.0.0.1:${zipkin}`,
      grafana: `http://127.0.0.1:${grafana}`,
    },
    compose,
    shell: (script, timeout = 120_000) =>
      run('bash', ['-euo', 'pipefail', '-c', script], { ...at, timeout }),
    async node(service, script, input) {
      const args = ['exec', '-T', service, 'node', '--input-type=module', '-']
      return JSON.parse(await compose(args, { input: withInput(script, input), timeout: 60_000 }))
    },
    async nodeBeside(service, script, input) {
      const id = (await compose(['ps', '--quiet', service])).trim()
      const where = ['--rm', '--interactive', '--network', `container:${id}`]
      const what = [`${projectName}-tools`, 'node', '--input-type=module', '-']
      const options = { ...at, input: withInput(script, input), timeout: 60_000 }
      return JSON.parse(await run('docker', ['run', ...where, ...what], options))
    },
    inspect,
    containers,
    async healthy(timeoutMs) {
      let last: string[] = []
      const whole = async () => {
        last = await sick().catch((error: Error) => [error.message])
        return last.length === 0
      }
      await until('all containers are healthy', whole, timeoutMs, 1_000).catch((error) => {
        throw new Error(`${error.message}: not ${last.join(', ')}`)
      })
    },
    async nobodyAt(name, network) {
      const where = ['--network', `${projectName}_${network}`, '--network-alias', name]
      const what = ['--entrypoint', 'sleep', `${projectName}-tools`, '3600']
      const id = await run('docker', ['run', '--detach', '--rm', ...where, ...what], at)
      return { leave: () => run('docker', ['rm', '--force', id.trim()], at) }
    },
    down,
  }
}

const withInput = (script: string, input: unknown): string =>
  `const input = ${JSON.stringify(input ?? null)};\n${script}`

const endsByItself = ['secrets', 'setup']
