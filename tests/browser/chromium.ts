import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const elsewhere = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome']
const install = 'apt-get install -y --no-install-recommends chromium'

/** A Chromium of this machine, or the one that `CHROME_PATH` names. */
function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const onPath = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  return [process.env.CHROME_PATH ?? '', ...onPath, ...elsewhere].find((path) => existsSync(path))
}

/** Installs one where that can be done without asking. @throws Error that says what to do otherwise */
export function ensureChromium(): void {
  if (findChromium()) return
  const isRoot = process.getuid?.() === 0
  if (!isRoot || !existsSync('/usr/bin/apt-get'))
    throw new Error(
      `Browser tests need Chromium. Install it (Debian: sudo ${install}), or name one: CHROME_PATH=…`,
    )
  console.log('installing Chromium (apt-get) …')
  const options = {
    stdio: 'pipe',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  } as const
  execFileSync('apt-get', ['update', '-q'], options)
  execFileSync('/bin/sh', ['-c', install], options)
}

/** Nothing that this browser does by itself leaves the machine. */
const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function launch(): Promise<Browser> {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('There is no Chromium.')
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath, args: [...quiet, ...sandbox] })
}
