import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureProgram, type Program } from '@sidecart/platform/install/packages.ts'
import { spawnDetached, stopProcess } from '@sidecart/platform/process/spawn.ts'
import { answers } from '@sidecart/platform/process/start-process.ts'
import { until } from '@sidecart/testing/until.ts'
import { type Engine, run } from './engine.ts'

const program: Program = {
  name: 'docker-registry',
  debian: 'docker-registry',
  brew: 'docker-registry',
}

export type Registry = {
  /** The digest of an image, as the registry itself tells it. */
  digest(image: string): Promise<string>
  close(): Promise<void>
}

/**
 * A registry on this machine with these images, where the engine finds them under their usual names.
 *
 * @throws PartError with the command that installs it
 */
export async function openRegistry(
  { env, mirror }: Engine,
  images: readonly string[],
): Promise<Registry> {
  const { path } = await ensureProgram(program, { log: console.error })
  const folder = mkdtempSync(join(tmpdir(), 'sidecart-registry-'))
  const config = join(folder, 'config.yml')
  const storage = { filesystem: { rootdirectory: join(folder, 'data') } }
  writeFileSync(
    config,
    JSON.stringify({ version: '0.1', storage, http: { addr: `127.0.0.1:${mirror}` } }),
  )
  const server = spawnDetached({
    name: 'docker-registry',
    command: path,
    args: ['serve', config],
    logFile: join(folder, 'log'),
  })
  await until('the registry answers', () => answers(`http://127.0.0.1:${mirror}/v2/`), 20_000, 100)
  for (const image of images) {
    const there = `127.0.0.1:${mirror}/${pathOf(image)}`
    await run('docker', ['tag', image, there], { env })
    await run('docker', ['push', there], { env })
    await run('docker', ['rmi', there], { env })
  }
  return {
    async digest(image) {
      const [name, tag] = pathOf(image).split(':')
      const accept = 'application/vnd.docker.distribution.manifest.v2+json'
      const url = `http://127.0.0.1:${mirror}/v2/${name}/manifests/${tag}`
      const { headers } = await fetch(url, { method: 'HEAD', headers: { accept } })
      return headers.get('docker-content-digest') ?? ''
    },
    async close() {
      await stopProcess(server)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Docker's own images are in a folder. */
const pathOf = (image: string) => (image.includes('/') ? image : `library/${image}`)
