import { execFile } from 'node:child_process'
import { downloadBase } from '@sidecart/platform/install/releases.ts'
import { atLeast, images, type PartName, pins } from '@sidecart/platform/install/versions.ts'
import { z } from 'zod'

export type Upgrade = { name: string; pinned: string; latest: string; pinnedIn: string }
/** Newer versions, and sources that did not answer, each with the reason. */
export type Upgrades = { newer: Upgrade[]; unreachable: string[] }

type Env = Record<string, string | undefined>

/** Parts with releases of their own; sentry and scheduler are released with daprd. */
const repositories: Partial<Record<PartName, string>> = {
  daprd: 'dapr/dapr',
  dapr: 'dapr/cli',
  'nats-server': 'nats-io/nats-server',
}

const pinnedIn = 'packages/platform/install/versions.ts'

/** Asks the package registry, the release pages and Docker Hub for versions that are newer than the pinned ones. */
export async function findUpgrades(root: string, env: Env = process.env): Promise<Upgrades> {
  const answers = await Promise.all([
    npmUpgrades(root),
    ...Object.entries(repositories).map(([name, repository]) =>
      releaseUpgrade(name as PartName, repository, downloadBase(env)),
    ),
    ...images
      .filter((image) => !image.startsWith('daprio/')) // released with the programs
      .map((image) => imageUpgrade(image, env.SIDECART_HUB || 'https://hub.docker.com')),
  ])
  return {
    newer: answers.flatMap(({ newer }) => newer),
    unreachable: answers.flatMap(({ unreachable }) => unreachable),
  }
}

async function npmUpgrades(root: string): Promise<Upgrades> {
  const { stdout, reason } = await new Promise<{ stdout: string; reason: string }>((resolve) => {
    const options = { cwd: root, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 }
    // exit code 1 also means that something is outdated
    execFile('npm', ['outdated', '--json'], options, (error, stdout) =>
      resolve({ stdout, reason: error?.message.split('\n')[0] ?? 'no answer' }),
    )
  })
  return outdatedPackages(stdout, reason)
}

const Entry = z.object({ current: z.string().optional(), latest: z.string() })
const Outdated = z.record(z.string(), z.union([Entry, z.array(Entry).min(1)]))

/** Parses the output of `npm outdated --json`. `reason` explains an output without an answer. */
export function outdatedPackages(output: string, reason: string): Upgrades {
  const result = Outdated.safeParse(parsed(output))
  if (!result.success)
    return { newer: [], unreachable: [`the package registry did not answer: ${reason}`] }
  const newer = Object.entries(result.data).flatMap(([name, found]) => {
    const { current, latest } = [found].flat()[0] ?? { latest: '' }
    // a registry may call an older version the latest
    return current !== undefined && isNewer(latest, current)
      ? [{ name, pinned: current, latest, pinnedIn: 'package.json' }]
      : []
  })
  return { newer, unreachable: [] }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text || '{}')
  } catch {
    return undefined
  }
}

/** Compares the pinned version of a part with the release to which `releases/latest` redirects. */
export async function releaseUpgrade(
  name: PartName,
  repository: string,
  base: string,
): Promise<Upgrades> {
  const url = `${base}/${repository}/releases/latest`
  const pinned = pins[name].version
  try {
    const { headers, status } = await fetch(url, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(15_000),
    })
    const latest = /\/tag\/v?([^/]+)$/.exec(headers.get('location') ?? '')?.[1]
    if (!latest) return { newer: [], unreachable: [`${name}: ${url} answered ${status}`] }
    return {
      newer: isNewer(latest, pinned) ? [{ name, pinned, latest, pinnedIn }] : [],
      unreachable: [],
    }
  } catch (error) {
    return { newer: [], unreachable: [`${name}: ${url} cannot be reached: ${reasonOf(error)}`] }
  }
}

const Tags = z.object({ results: z.array(z.object({ name: z.string() })) })

/** Compares the tag of an image with the tags of the same kind, such as `18.4-bookworm` with `NUMBERS-bookworm`. */
export async function imageUpgrade(image: string, base: string): Promise<Upgrades> {
  const [name = '', tag = ''] = image.split(':')
  const [, pinned = '', kind = ''] = /^(v?[\d.]+)(.*)$/.exec(tag) ?? []
  const repository = name.includes('/') ? name : `library/${name}`
  const url = `${base}/v2/repositories/${repository}/tags?page_size=100&name=${kind}`
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(15_000) })
    if (!answer.ok)
      return { newer: [], unreachable: [`${image}: ${url} answered ${answer.status}`] }
    const versions = Tags.parse(await answer.json())
      .results.filter((one) => one.name.endsWith(kind))
      .map((one) => one.name.slice(0, one.name.length - kind.length))
      .filter((version) => isAlike(version, pinned) && !isShortLived(name, version))
    const latest = versions.reduce((best, one) => (isHigher(one, best) ? one : best), pinned)
    const newer = latest === pinned ? [] : [{ name, pinned: tag, latest: latest + kind, pinnedIn }]
    return { newer, unreachable: [] }
  } catch (error) {
    return { newer: [], unreachable: [`${image}: ${url} cannot be reached: ${reasonOf(error)}`] }
  }
}

const isAlike = (version: string, pinned: string) =>
  /^v?\d+(\.\d+)*$/.test(version) && version.split('.').length === pinned.split('.').length

/** An odd major version of Node is maintained for half a year. */
const isShortLived = (name: string, version: string) =>
  name === 'node' && Number.parseInt(version, 10) % 2 === 1

const isHigher = (one: string, other: string) =>
  one.localeCompare(other, 'en', { numeric: true }) > 0

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return (cause as Error | undefined)?.message || message
}

const isNewer = (latest: string, pinned: string): boolean =>
  atLeast(latest, pinned) && !atLeast(pinned, latest)
