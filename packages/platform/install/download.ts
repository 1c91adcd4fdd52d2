import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Dispatcher, EnvHttpProxyAgent, fetch } from 'undici'
import { output } from '../process/spawn.ts'
import { publishedSum, type Release } from './releases.ts'

export type DownloadOptions = {
  /** Folder for temporary files. */
  dir: string
  onBytes?: (done: number, total: number | undefined) => void
  /** Milliseconds for connecting to a server, and again for each pause in its data (default 5,000). */
  stallMs?: number | undefined
  /** Rejects archives without a checksum pinned in this repository. */
  pinnedOnly?: boolean
  log?: ((line: string) => void) | undefined
}

/** The server is unreachable or silent; other files from the same server would fail as well. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

/**
 * Downloads a release archive, compares its SHA-256 with the pinned checksum or, without one, with the checksum
 * published by the same server, and unpacks the wanted file.
 * Returns the path of the file in a new folder below `dir`; the caller removes the folder. Throws with the reason and
 * leaves no files behind; throws Unreachable when the server gave no response.
 */
export async function fetchRelease(release: Release, options: DownloadOptions): Promise<string> {
  const folder = await mkdtemp(join(options.dir, '.download-'))
  const dispatcher = new EnvHttpProxyAgent(timeouts(options.stallMs ?? 5000))
  try {
    const wanted = release.pinnedSum ?? (await trustedSum(release, dispatcher, options))
    const archive = join(folder, release.archive)
    const got = await downloadTo(archive, release.archiveUrl, dispatcher, options)
    if (got !== wanted)
      throw new Error(
        `${release.archive} has SHA-256 ${got}, ${release.pinnedSum ? 'pinned' : 'published'} is ${wanted}`,
      )
    return await unpack(archive, release.member, folder)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  } finally {
    await dispatcher.destroy()
  }
}

/** Downloads a file with a pinned SHA-256. @throws Error for another sum; the file is then left for the caller to remove */
export async function fetchFile(url: string, file: string, pinnedSum: string): Promise<void> {
  const stallMs = 20_000
  const dispatcher = new EnvHttpProxyAgent(timeouts(stallMs))
  try {
    const got = await downloadTo(file, url, dispatcher, { dir: '', stallMs })
    if (got !== pinnedSum) throw new Error(`${url} has SHA-256 ${got}, pinned is ${pinnedSum}`)
  } finally {
    await dispatcher.destroy()
  }
}

function timeouts(stallMs: number) {
  return { connect: { timeout: stallMs }, headersTimeout: stallMs, bodyTimeout: stallMs }
}

function trustedSum(
  release: Release,
  dispatcher: Dispatcher,
  { pinnedOnly = false, log, stallMs }: DownloadOptions,
): Promise<string> {
  if (pinnedOnly)
    throw new Error(
      `packages/platform/install/sums.ts has no sum of ${release.archive}, and SIDECART_PINNED_ONLY is set`,
    )
  log?.(
    `${release.archive}: this repository has no sum of it, so it is only compared with what its own server publishes; ` +
      'SIDECART_PINNED_ONLY=1 builds it from pinned sources instead',
  )
  return publishedSumOf(release, dispatcher, stallMs)
}

async function publishedSumOf(
  release: Release,
  dispatcher: Dispatcher,
  stallMs?: number,
): Promise<string> {
  const response = await get(release.sumsUrl, dispatcher, stallMs)
  const sum = publishedSum(await response.text(), release.archive)
  if (sum === undefined)
    throw new Error(`${release.sumsUrl} names no SHA-256 for ${release.archive}`)
  return sum
}

async function downloadTo(
  file: string,
  url: string,
  dispatcher: Dispatcher,
  { onBytes, stallMs }: DownloadOptions,
): Promise<string> {
  const response = await get(url, dispatcher, stallMs)
  const total = Number(response.headers.get('content-length')) || undefined
  const hash = createHash('sha256')
  let done = 0
  if (!response.body) throw new Error(`${url} answered nothing`)
  await pipeline(
    response.body,
    async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        done += chunk.length
        onBytes?.(done, total)
        yield chunk
      }
    },
    createWriteStream(file),
  ).catch((error) => {
    throw new Error(
      `${url} was cut off after ${done} of ${total ?? 'unknown'} bytes: ${reason(error)}`,
      { cause: error },
    )
  })
  return hash.digest('hex')
}

// The connect time-out starts after name resolution, so a hanging resolver needs a limit of its own.
async function get(url: string, dispatcher: Dispatcher, stallMs = 5000) {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${stallMs} ms`)), stallMs)
  const response = await fetch(url, { dispatcher, signal: late.signal })
    .catch((error) => {
      const { origin } = new URL(url)
      throw new Unreachable(`${origin} cannot be reached: ${reason(error)}`, { cause: error })
    })
    .finally(() => clearTimeout(timer))
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return response
}

async function unpack(archive: string, member: string, folder: string): Promise<string> {
  const inside = join(folder, 'unpacked')
  await mkdir(inside)
  await output('tar', ['-xzf', archive, '-C', inside], 120_000)
  const files = await readdir(inside, { recursive: true, withFileTypes: true })
  const found = files.find((file) => file.isFile() && file.name === member)
  if (!found) throw new Error(`${archive} holds no file named ${member}`)
  return join(found.parentPath, found.name)
}

// fetch reports only "fetch failed" or "terminated"; the cause has the reason.
function reason(error: unknown): string {
  const { message, cause } = error as Error
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause
  return inner instanceof Error ? inner.message || inner.name : message
}
