import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureProgram, nginx, openssl } from '@sidecart/platform/install/packages.ts'
import { accepts, startAndWait } from '@sidecart/platform/process/start-process.ts'
import { unprivilegedUser } from '@sidecart/platform/process/unprivileged.ts'

const root = join(import.meta.dirname, '../..')
const port = 8443
const redirectPort = 8444

export const shopUrl = `https://127.0.0.1:${port}`
export const plainUrl = `http://127.0.0.1:${redirectPort}`

export type Nginx = {
  /** Folder of this run, with the access log. */
  folder: string
  /** File of the certificate made for this run, which clients have to trust. */
  certificate: string
  stop(): Promise<void>
}

/**
 * Starts NGINX from `deploy/nginx/` before gateways of this machine, with a folder and a certificate of its own. Only
 * the files in `site/` differ from what is shipped. As root, NGINX runs as an unprivileged user.
 *
 * @param ratePerSecond requests of one address per second
 */
export async function startNginx(
  gatewayPorts: readonly number[],
  { ratePerSecond = 300 }: { ratePerSecond?: number } = {},
): Promise<Nginx> {
  const log = console.error
  const { path } = await ensureProgram(nginx, { log })
  const folder = mkdtempSync(join(tmpdir(), 'sidecart-nginx-'))
  const site = join(folder, 'conf/site')
  cpSync(join(root, 'deploy/nginx'), join(folder, 'conf'), { recursive: true })
  for (const name of ['logs', 'tmp']) mkdirSync(join(folder, name))
  const write = (name: string, text: string) => writeFileSync(join(site, name), text)
  const edit = (name: string, from: RegExp, to: string) => {
    const text = readFileSync(join(site, name), 'utf8')
    if (!from.test(text)) throw new Error(`deploy/nginx/site/${name} has no ${from}`)
    write(name, text.replaceAll(from, to))
  }
  edit('server.conf', /listen \[::\].*\n/g, '')
  edit('server.conf', /listen 443 /g, `listen 127.0.0.1:${port} `)
  edit('redirect.conf', /listen \[::\].*\n/g, '')
  edit('redirect.conf', /listen 80;/g, `listen 127.0.0.1:${redirectPort};`)
  edit('clients.conf', /rate=\d+r/g, `rate=${ratePerSecond}r`)
  const server = readFileSync(join(site, 'gateways.conf'), 'utf8')
  const each = gatewayPorts.map((one) => server.replaceAll('127.0.0.1:8080', `127.0.0.1:${one}`))
  write('gateways.conf', each.join('\n'))
  const certificate = await createCertificate(site)

  const user = unprivilegedUser(log)
  if (user.uid !== undefined) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, folder])
  const args = ['-p', folder, '-c', 'conf/nginx.conf', '-g', 'daemon off;']
  const logFile = join(folder, 'nginx.log')
  const started = await startAndWait(
    { name: 'nginx', command: path, args, cwd: folder, logFile, ...user },
    { ports: [port, redirectPort], ready: () => accepts(port) },
  )
  return {
    folder,
    certificate,
    async stop() {
      await started.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function createCertificate(site: string): Promise<string> {
  const { path } = await ensureProgram(openssl, { log: console.error })
  const certificate = join(site, 'certificate.pem')
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const names = ['-subj', '/CN=shop.example', '-addext', 'subjectAltName=IP:127.0.0.1']
  const files = ['-keyout', join(site, 'key.pem'), '-out', certificate]
  execFileSync(path, ['req', '-x509', '-days', '2', ...key, ...names, ...files], { stdio: 'pipe' })
  return certificate
}

/**
 * Puts NGINX before the gateway of a suite's shop when `SIDECART_EDGE=nginx` asks for it.
 *
 * @param startShop starts the shop, and returns how it is stopped
 */
export async function behindEdge(
  startShop: () => Promise<() => Promise<void>>,
): Promise<() => Promise<void>> {
  if (process.env.SIDECART_EDGE !== 'nginx') return startShop()
  trustThisMachine()
  const stopShop = await startShop()
  const nginx = await startNginx([8080], { ratePerSecond: 10_000 }).catch(async (error) => {
    await stopShop()
    throw error
  })
  pointTestsAt(nginx)
  return async () => {
    await nginx.stop()
    await stopShop()
  }
}

/** Points the test files at NGINX: they are processes that start later, and take their environment from this one. */
export function pointTestsAt({ certificate, folder }: Nginx): void {
  process.env.SIDECART_URL = shopUrl
  process.env.NODE_EXTRA_CA_CERTS = certificate
  process.env.SIDECART_NGINX_FOLDER = folder
}

/** The gateway's setting under which it believes an NGINX on this machine. */
export function trustThisMachine(): void {
  process.env.TRUSTED_PROXIES = '127.0.0.1'
}
