import { execFile } from 'node:child_process'
import { downloadBase } from '@sidecart/platform/install/releases.ts'
import { atLeast, type PartName, pins } from '@sidecart/platform/install/versions.ts'
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

/** Asks the package registry and the release pages for versions that are newer than the pinned ones. */
export async function findUpgrades(root: string, env: Env = process.env): Promise<Upgrades> {
  const answers = await Promise.all([
    npmUpgrades(root),
    ...Object.entries(repositories).map(([name, repository]) =>
      releaseUpgrade(name as PartName, repository, downloadBase(env)),
    ),
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
    const pinnedIn = 'packages/platform/install/versions.ts'
    return {
      newer: isNewer(latest, pinned) ? [{ name, pinned, latest, pinnedIn }] : [],
      unreachable: [],
    }
  } catch (error) {
    const { message, cause } = error as Error
    const why = (cause as Error | undefined)?.message || message
    return { newer: [], unreachable: [`${name}: ${url} cannot be reached: ${why}`] }
  }
}

const isNewer = (latest: string, pinned: string): boolean =>
  atLeast(latest, pinned) && !atLeast(pinned, latest)
