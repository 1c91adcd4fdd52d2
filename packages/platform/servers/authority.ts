import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type CertificateKey, createCaCertificate, createKey } from './certificates.ts'

export type AuthorityOptions = {
  /** Folder with ca.crt, issuer.crt and issuer.key, read by sentry. */
  dir: string
  /** File with the root's private key, which sentry never sees. */
  rootKeyFile: string
  /** Trust domain of the control plane. */
  trustDomain?: string
  /** True when no sidecar trusts the current root; only then may the root be replaced. */
  nothingRuns: boolean
  /** Creates a new issuer, whatever the remaining lifetime of the old one. */
  renewIssuer?: boolean
  now?: number
}
export type Authority = { rootEnds: Date; issuerEnds: Date }

const day = 86_400_000
const rootLifeMs = 3_650 * day
const issuerLifeMs = 365 * day
/** Remaining lifetime below which a warning is shown and the root is replaced as soon as nothing runs. */
const rootWarningMs = 365 * day
/** Remaining lifetime below which a new issuer takes over. Sidecars trust the unchanged root and are not affected. */
const issuerRenewalMs = 60 * day
const issuerWarningMs = 30 * day
/** Largest assumed difference between clocks. */
const skewMs = day

/**
 * Creates missing parts of a certificate authority and renews expiring ones. The issuer, with which sentry signs, is
 * renewed once a year under the same root, also while the shop runs (sentry notices the new issuer). The root, trusted
 * by every running sidecar, is renewed in the last of its ten years and never under a running sidecar.
 */
export function ensureAuthority(options: AuthorityOptions): Authority {
  const { dir, rootKeyFile, trustDomain = 'localhost', nothingRuns, now = Date.now() } = options
  const there = readAuthority(dir)
  // An authority made by sentry has no key for renewing its issuer.
  const isOurs = there !== undefined && hasKey(dir, rootKeyFile)
  const lasts = isOurs && there.rootEnds.getTime() - now > rootWarningMs
  const keepsRoot = there && (lasts || !nothingRuns)
  if (!keepsRoot) createRoot(dir, rootKeyFile, trustDomain, now)
  else if (!isOurs) return there
  const issuer = keepsRoot && isWhole(dir) ? there.issuerEnds.getTime() - now : 0
  if (issuer < issuerRenewalMs || options.renewIssuer)
    createIssuer(dir, rootKeyFile, trustDomain, now)
  return readAuthority(dir) as Authority
}

/** Returns the expiry of root and issuer, or undefined without an authority. */
export function readAuthority(dir: string): Authority | undefined {
  const root = certificateIn(join(dir, 'ca.crt'))
  if (!root) return undefined
  const issuer = certificateIn(join(dir, 'issuer.crt'))
  return { rootEnds: root.validToDate, issuerEnds: issuer?.validToDate ?? new Date(0) }
}

/** Returns a warning with the operator's next step for an authority that expires soon. */
export function authorityWarning(
  { rootEnds, issuerEnds }: Authority,
  now = Date.now(),
): string | undefined {
  const on = (date: Date) => date.toISOString().slice(0, 10)
  if (rootEnds.getTime() - now < rootWarningMs)
    return `the certificate authority ends on ${on(rootEnds)}: stop the whole shop and start it again, which makes a new one`
  if (issuerEnds.getTime() - now < issuerWarningMs)
    return `sentry's certificate ends on ${on(issuerEnds)}: sidecart secrets rotate authority`
  return undefined
}

function createRoot(dir: string, keyFile: string, trustDomain: string, now: number): void {
  const key = createKey()
  const root = { subject: trustDomain, key, from: new Date(now - skewMs) }
  write(keyFile, key.privateKey)
  write(join(dir, 'ca.crt'), createCaCertificate({ ...root, until: new Date(now + rootLifeMs) }))
}

function createIssuer(dir: string, rootKeyFile: string, trustDomain: string, now: number): void {
  const key = createKey()
  const rootEnds = certificateIn(join(dir, 'ca.crt'))?.validToDate.getTime() ?? 0
  const certificate = createCaCertificate({
    subject: `spiffe://${trustDomain}/ns/default/dapr-sentry`,
    key,
    from: new Date(now - skewMs),
    until: new Date(Math.min(now + issuerLifeMs, rootEnds)),
    issuer: { subject: trustDomain, key: keyFrom(readFileSync(rootKeyFile, 'utf8')) },
  })
  write(join(dir, 'issuer.key'), key.privateKey)
  write(join(dir, 'issuer.crt'), certificate)
}

/** Returns true when `rootKeyFile` holds the root's key. */
function hasKey(dir: string, rootKeyFile: string): boolean {
  const [root, key] = [certificateIn(join(dir, 'ca.crt')), read(rootKeyFile)]
  return !!root && !!key && root.checkPrivateKey(createPrivateKey(key))
}

/** Returns true when the issuer has its own key and the root's signature. A crash may have separated the two files. */
function isWhole(dir: string): boolean {
  const root = certificateIn(join(dir, 'ca.crt'))
  const issuer = certificateIn(join(dir, 'issuer.crt'))
  const key = read(join(dir, 'issuer.key'))
  if (!root || !issuer || !key) return false
  return issuer.checkPrivateKey(createPrivateKey(key)) && issuer.verify(root.publicKey)
}

function keyFrom(privateKey: string): CertificateKey {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return { privateKey, publicKey }
}

function certificateIn(file: string): X509Certificate | undefined {
  const text = read(file)
  return text === undefined ? undefined : new X509Certificate(text)
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const half = `${file}.${process.pid}.new`
  writeFileSync(half, content, { mode: 0o600 })
  renameSync(half, file)
}
