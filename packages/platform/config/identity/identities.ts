import { join } from 'node:path'
import { decodeJwt, decodeProtectedHeader, importJWK, type JWK, SignJWT } from 'jose'
import { z } from 'zod'
import { readIfThere, readJson, writeWhole } from '../files.ts'
import type { Project } from '../project.ts'
import { signingKey } from '../secrets.ts'

/** Id of Dapr's scheduler, which gets a certificate from sentry like every sidecar. */
export const schedulerId = 'dapr-scheduler'

const day = 86_400_000
/** A sidecar presents its token again at each renewal of its certificate, about twice a day. */
export const tokenLifeMs = 30 * day
const audience = 'spiffe://localhost/ns/default/dapr-sentry'

/** Returns the SPIFFE id signed by sentry: apps are in the trust domain `public`, the control plane in its own. */
const subjectFor = (name: string) =>
  `spiffe://${name === schedulerId ? 'localhost' : 'public'}/ns/default/${name}`

/** Returns the file with the app's signed token for sentry: DAPR_SENTRY_TOKEN_FILE of the sidecar. */
export const identityFile = (project: Project, name: string): string =>
  join(project.apps, name, 'identity.jwt')

export type IdentityOptions = {
  /** Folder with the public keys, read by sentry. */
  authority?: string
  now?: number
  /** Signs with a new key. The previous key stays valid until `retireIdentityKeys`. */
  rotate?: boolean
}

/**
 * Writes a signed token (0600) for each app. The sidecar exchanges the token for a certificate; sentry signs for no
 * process without a token. Renews tokens after half of their 30 days, so a call every 15 days keeps a running shop
 * alive; sidecars read the file again at each renewal of their certificate.
 */
export async function ensureIdentities(
  project: Project,
  names: readonly string[],
  { authority = project.certificates, now = Date.now(), rotate = false }: IdentityOptions = {},
): Promise<void> {
  const there = readKeys(project)
  const keys = rotate || there.length === 0 ? [await signingKey(), ...there] : there
  if (keys !== there) writeKeys(project, keys)
  publishKeys(authority, keys)
  const [key] = keys
  if (!key) return
  for (const name of names) {
    const file = identityFile(project, name)
    if (!isGood(readIfThere(file), name, key, now)) writeWhole(file, await sign(name, key, now))
  }
}

/** Removes every signing key but the newest; tokens of removed keys become invalid. */
export function retireIdentityKeys(project: Project, authority = project.certificates): void {
  const keys = readKeys(project).slice(0, 1)
  writeKeys(project, keys)
  publishKeys(authority, keys)
}

/** Returns true for a token of the newest key, for this name and sentry, with at least half of its lifetime left. */
function isGood(token: string | undefined, name: string, { kid }: JWK, now: number): boolean {
  if (token === undefined) return false
  try {
    const { sub, aud, exp = 0 } = decodeJwt(token)
    const ours = sub === subjectFor(name) && aud === audience
    return ours && decodeProtectedHeader(token).kid === kid && exp * 1000 - now > tokenLifeMs / 2
  } catch {
    return false
  }
}

async function sign(name: string, key: JWK, now: number): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: 'EdDSA', kid: key.kid ?? '' })
    .setSubject(subjectFor(name))
    .setAudience(audience)
    .setIssuedAt(Math.floor(now / 1000))
    .setExpirationTime(Math.floor((now + tokenLifeMs) / 1000))
    .sign(await importJWK(key))
}

const Keys = z.array(z.looseObject({ kty: z.string() }))
const advice = 'remove it, and start the whole shop again'

const keysFile = (project: Project) => join(project.identities, 'keys.json')

function readKeys(project: Project): JWK[] {
  return readJson(keysFile(project), Keys, advice) ?? []
}

function writeKeys(project: Project, keys: readonly JWK[]): void {
  writeWhole(keysFile(project), `${JSON.stringify(keys)}\n`)
}

/** The file named in components/sentry.yaml; sentry notices changes. */
function publishKeys(authority: string, keys: readonly JWK[]): void {
  const file = join(authority, 'identity-keys.json')
  const text = `${JSON.stringify({ keys: keys.map(({ d: _, ...shown }) => shown) })}\n`
  if (readIfThere(file) !== text) writeWhole(file, text)
}
