import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { until } from '@sidecart/testing/until.ts'
import { root } from '../system/client.ts'
import { sidecart } from '../system/shop.ts'

/** What the terminal shows, from the start of the shop on. */
export const terminal = join(root, '.sidecart/run/terminal.txt')

/** Vitest's global set-up: the whole shop with two instances of everything, as an operator would start it in a terminal. */
export default async function startShop(): Promise<() => Promise<void>> {
  mkdirSync(dirname(terminal), { recursive: true })
  const screen = openSync(terminal, 'w', 0o600)
  const shop = spawn(process.execPath, ['packages/cli/bin.mjs', 'up', '--instances', '2'], {
    cwd: root,
    stdio: ['ignore', screen, screen],
    detached: true,
  })
  closeSync(screen)
  const hasEnded = () => shop.exitCode !== null || shop.signalCode !== null
  const isOpen = () => {
    if (hasEnded()) throw new Error(`the shop ended:\n${readFileSync(terminal, 'utf8')}`)
    return readFileSync(terminal, 'utf8').includes('The shop is open.')
  }
  await until('the shop is open', isOpen, 380_000, 250)
  return async () => {
    await sidecart('down')
    await until('the supervisor has ended', hasEnded, 60_000)
  }
}
