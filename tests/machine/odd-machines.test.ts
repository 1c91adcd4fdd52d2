import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { ensureParts } from '@sidecart/platform/install/binaries.ts'
import type { PartName } from '@sidecart/platform/install/versions.ts'
import { output } from '@sidecart/platform/process/spawn.ts'
import { testWithNamespaces } from '@sidecart/testing/needs.ts'
import { afterAll, beforeAll, expect } from 'vitest'

const project = join(import.meta.dirname, '../..')
const test = testWithNamespaces('only root makes a network of its own')
/** `nobody`: a normal user, without a home, without rights. */
const nobody = 65534
const minutes = 60_000

let folder = ''
let home = ''

beforeAll(async () => {
  if (process.getuid?.() !== 0) return
  const base = mkdtempSync(join(tmpdir(), 'sidecart-machine-'))
  chmodSync(base, 0o755)
  folder = join(base, "it's #1")
  home = join(base, 'home')
  execFileSync('git', ['clone', '--quiet', project, folder])
  await shareParts(['dapr', 'daprd', 'sentry', 'scheduler'], join(home, '.dapr', 'bin'))
  await shareParts(['nats-server'], join(home, 'bin'))
  const env = { ...process.env, ...npmSettings, HOME: process.env.HOME }
  await output(process.execPath, ['packages/cli/bin.mjs', '--help'], 5 * minutes, {
    cwd: folder,
    env,
  })
  execFileSync('chown', ['-R', `${nobody}:${nobody}`, folder, home])
}, 10 * minutes)
afterAll(() => folder && rmSync(dirname(folder), { recursive: true, force: true }))

/** Links or copies programs of this checkout for the other user. */
async function shareParts(names: PartName[], bin: string): Promise<void> {
  mkdirSync(bin, { recursive: true })
  for (const { name, path } of await ensureParts(names)) {
    try {
      linkSync(path, join(bin, name))
    } catch {
      copyFileSync(path, join(bin, name))
    }
    chmodSync(join(bin, name), 0o755)
  }
}

const npmSettings = { NODE_ENV: 'production', npm_config_ignore_scripts: 'true' }
/** Variables set by shells, profiles and companies, some known to have prevented a start. */
const odd = {
  ...npmSettings,
  NODE_USE_ENV_PROXY: '1',
  HTTP_PROXY: 'http://127.0.0.1:9',
  http_proxy: 'http://127.0.0.1:9',
  OTEL_EXPORTER_OTLP_ENDPOINT: '',
  LOG_LEVEL: '',
}

/**
 * Another Dapr project on the same network, with an app called `users` too, answering multicast
 * requests.
 */
const neighbour = `
ip link set lo up multicast on
ip route add 224.0.0.0/4 dev lo
DAPR_HOST_IP=127.0.0.1 "$DAPRD" --app-id users --app-port 12081 --dapr-http-port 13501 --dapr-grpc-port 13601 \\
  --dapr-internal-grpc-port 13701 --metrics-port 13801 --log-level error >/dev/null 2>&1 &
neighbour=$!
trap 'kill $neighbour' EXIT
`

/**
 * Runs shell lines in a separate network namespace with loopback only, as a user with an odd
 * environment.
 */
function onOddMachine(uid: number, lines: string): Promise<string> {
  const daprd = join(home, '.dapr', 'bin', 'daprd')
  const path = `${join(home, 'bin')}${delimiter}${process.env.PATH}`
  const asUser = `setpriv --reuid=${uid} --regid=${uid} --clear-groups sh -euc ${word(`umask 077\n${lines}`)}`
  const script = `set -eu\nexec 2>&1\n${neighbour}\n${asUser}`
  return output('unshare', ['--net', '--', 'sh', '-c', script], 4 * minutes, {
    cwd: folder,
    env: { PATH: path, TERM: 'dumb', HOME: home, DAPRD: daprd, ...odd },
  }).catch(({ message, stdout }: Error & { stdout?: string }) => {
    throw new Error(`${message.split('\n')[0]}\n${stdout?.slice(-3_000)}`)
  })
}

const word = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

for (const [user, uid] of [
  ['a normal user', nobody],
  ['root', 0],
] as const)
  test(
    `${user} starts the shop without a network, beside another Dapr project, with odd settings, in an odd folder, and buys`,
    async () => {
      // each user has a separate shop
      rmSync(join(folder, '.sidecart'), { recursive: true, force: true })
      if (uid === 0) execFileSync('chown', ['-R', '0:0', folder, home])
      const printed = await onOddMachine(
        uid,
        `trap 'node packages/cli/bin.mjs down' EXIT
         npm start -- --detach
         node packages/cli/bin.mjs order --json
         node packages/cli/bin.mjs verify`,
      )
      expect(printed).toContain('The shop is open.')
      expect(printed).toMatch(/"status":"confirmed"/)
      expect(printed).toContain('✓ kept-orders-charged-once')
      expect(printed).not.toContain('✗')
    },
    6 * minutes,
  )
