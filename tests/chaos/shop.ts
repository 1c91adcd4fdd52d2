import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { raiseLimits } from '@sidecart/platform/supervisor/lift-limits.ts'

const root = join(import.meta.dirname, '../..')

/**
 * Vitest's global set-up of the chaos tests: the shop under its supervisor, which restarts killed
 * processes.
 */
export default async function openShop(): Promise<() => Promise<void>> {
  raiseLimits()
  await sidecart('up', '--detach')
  return async () => {
    await sidecart('down')
  }
}

/** Runs the command like a user, with visible progress. Returns stdout. */
export function sidecart(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, ['packages/cli/bin.mjs', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(printed)
      else reject(new Error(`sidecart ${args.join(' ')} ended with ${code}: ${printed}`))
    })
  })
}
