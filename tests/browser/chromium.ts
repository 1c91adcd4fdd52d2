import { chromium as chromiumProgram, ensureProgram } from '@sidecart/platform/install/packages.ts'
import { type Browser, chromium } from 'playwright-core'

/** Returns the path of an installed Chromium, or `CHROME_PATH`. */
async function findChromium(): Promise<string> {
  const named = process.env.CHROME_PATH
  if (named) return named
  return (await ensureProgram(chromiumProgram, { log: console.error })).path
}

/** Turns off the browser's own network traffic. */
const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** @param more arguments for Chromium */
export async function launch(more: readonly string[] = []): Promise<Browser> {
  const executablePath = await findChromium()
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath, args: [...quiet, ...sandbox, ...more] })
}
