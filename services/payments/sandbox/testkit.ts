import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { serve } from '@hono/node-server'
import { createSandbox, type SandboxOptions } from './app.ts'
import { type Entry, openEffectLog } from './log.ts'

export const apiKey = 'sandbox-key-of-the-tests'

export type RunningSandbox = {
  url: string
  /** Returns every line of the log. */
  log(): Promise<Entry[]>
  stop(): Promise<void>
}

/** Creates a folder for a provider's log; `dispose` deletes the folder. */
export async function logFolder(): Promise<{ path: string; dispose: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-provider-'))
  return {
    path: join(folder, 'log.jsonl'),
    dispose: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Starts the sandbox in this process, on a free port. */
export async function serveSandbox(
  path: string,
  options: Partial<SandboxOptions> = {},
): Promise<RunningSandbox> {
  const log = await openEffectLog(path)
  const { fetch } = createSandbox({ log, apiKey, slowMs: 50, holdMs: 10_000, ...options })
  const server = serve({ fetch, hostname: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    log: () => log.read(0, 1_000_000),
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
      await log.close()
    },
  }
}

/** Starts the sandbox as a process; `kill` ends the process like a power cut. */
export async function spawnSandbox(
  path: string,
): Promise<RunningSandbox & { kill(): Promise<void> }> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'main.ts')], {
    env: { ...process.env, PROVIDER_PORT: '0', PROVIDER_API_KEY: apiKey, PROVIDER_LOG: path },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const url = line.slice(line.indexOf('http'))
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
  return {
    url,
    log: () => readLog(url),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

async function readLog(url: string): Promise<Entry[]> {
  const answer = await fetch(`${url}/v1/log?limit=5000`, {
    headers: { authorization: `Bearer ${apiKey}` },
  })
  return ((await answer.json()) as { entries: Entry[] }).entries
}
