import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { PartError } from '../install/binaries.ts'
import { fetchFile } from '../install/download.ts'
import { ensureProgram } from '../install/packages.ts'
import { jars as pinnedJars } from '../install/versions.ts'
import { answers, type Started, startAndWait } from '../process/start-process.ts'
import { java, smallHeap } from './java.ts'

const version = pinnedJars.zipkin
const jarName = `zipkin-server-${version}-exec.jar`
/** SHA-256 of the jar, computed from a copy with the SHA-1 and SHA-512 published by Maven Central. */
const jarSum = 'd8326e0ed4f43855dba81228f688554706e52578a7c782d9a90b73f8680654a1'

export type ZipkinOptions = {
  /** Folder of the jar, shared by all servers. */
  jars: string
  port: number
  logFile: string
  log?: (line: string) => void
}

/**
 * Starts Zipkin on 127.0.0.1, with its web page at `/zipkin/` and spans in memory: the newest ones, until the server
 * stops. Throws when Java or the jar is unavailable, the port is taken, or the server does not answer.
 */
export async function startZipkin({ jars, port, logFile, log }: ZipkinOptions): Promise<Started> {
  const { path } = await ensureProgram(java, { log })
  const jar = await ensureZipkinJar(resolve(jars), log)
  const origin = `http://127.0.0.1:${port}`
  const settings = {
    'armeria.ports[0].port': port,
    'armeria.ports[0].ip': '127.0.0.1',
    'armeria.ports[0].protocols[0]': 'http',
    'zipkin.storage.type': 'mem',
    'zipkin.storage.mem.max-spans': mostSpans,
    // other pages may neither read traces nor ask the server about its environment
    'zipkin.query.allowed-origins': origin,
    'zipkin.internal.actuator.enabled': false,
    ...Object.fromEntries(
      otherCollectors.map((name) => [`zipkin.collector.${name}.enabled`, false]),
    ),
  }
  const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
  return startAndWait(
    {
      name: 'zipkin',
      command: path,
      args: [...smallHeap(192), '-jar', jar, ...args],
      cwd: resolve(jars),
      logFile,
    },
    { ports: [port], ready: () => answers(`${origin}/health`), timeoutMs: 90_000 },
  )
}

/** About 2,000 orders. */
const mostSpans = 100_000
const otherCollectors = ['activemq', 'grpc', 'kafka', 'pulsar', 'rabbitmq', 'scribe']

/**
 * Returns the jar; downloads a missing one from Maven Central and compares its SHA-256 with the pinned one.
 * @public of deploy/offline/images.sh
 */
export async function ensureZipkinJar(
  folder: string,
  log?: (line: string) => void,
): Promise<string> {
  const jar = join(folder, jarName)
  if (existsSync(jar)) return jar
  const base = process.env.SIDECART_MAVEN_MIRROR || 'https://repo.maven.apache.org/maven2'
  const url = `${base.replace(/\/+$/, '')}/io/zipkin/zipkin-server/${version}/${jarName}`
  const half = `${jar}.${process.pid}`
  log?.(`zipkin: fetching its jar (135 MB) from ${new URL(url).origin}`)
  await mkdir(folder, { recursive: true })
  try {
    await fetchFile(url, half, jarSum)
    await rename(half, jar)
    return jar
  } catch (error) {
    await rm(half, { force: true })
    throw new PartError(
      `Zipkin could not be fetched: ${(error as Error).message}\n` +
        `Put ${url} at ${jar}, or set SIDECART_MAVEN_MIRROR to a server with the same paths.`,
    )
  }
}
