import { pinnedSums } from './sums.ts'
import { type PartName, pins } from './versions.ts'

/** A published archive, the list with its SHA-256, and the name of the wanted file inside. */
export type Release = {
  archive: string
  archiveUrl: string
  /** SHA-256 of the archive, if pinned in this repository. */
  pinnedSum?: string
  sumsUrl: string
  member: string
}

export type Platform = { os: 'linux' | 'darwin'; arch: 'amd64' | 'arm64' }

/** Returns the platform's name in release files, or undefined for an unsupported platform. */
export function platformOf(platform: string, arch: string): Platform | undefined {
  const found = { x64: 'amd64', arm64: 'arm64' }[arch] as Platform['arch'] | undefined
  return found && (platform === 'linux' || platform === 'darwin')
    ? { os: platform, arch: found }
    : undefined
}

/** Base URL of releases: SIDECART_DOWNLOAD_MIRROR replaces https://github.com, with the same paths below. */
export function downloadBase(env: Record<string, string | undefined>): string {
  return (env.SIDECART_DOWNLOAD_MIRROR || 'https://github.com').replace(/\/+$/, '')
}

/** Returns the official release of a part's pinned version for one platform. */
export function releaseOf(name: PartName, { os, arch }: Platform, base: string): Release {
  const { version } = pins[name]
  if (name === 'nats-server') {
    const archive = `nats-server-v${version}-${os}-${arch}.tar.gz`
    return release(
      base,
      `nats-io/nats-server/releases/download/v${version}`,
      archive,
      'SHA256SUMS',
      name,
    )
  }
  const archive = `${name}_${os}_${arch}.tar.gz`
  const repository = name === 'dapr' ? 'dapr/cli' : 'dapr/dapr'
  return release(
    base,
    `${repository}/releases/download/v${version}`,
    archive,
    `${archive}.sha256`,
    name,
  )
}

function release(
  base: string,
  path: string,
  archive: string,
  sums: string,
  member: string,
): Release {
  const folder = `${base}/${path}`
  const pinnedSum = pinnedSums[`${path}/${archive}`]
  return {
    archive,
    archiveUrl: `${folder}/${archive}`,
    ...(pinnedSum && { pinnedSum }),
    sumsUrl: `${folder}/${sums}`,
    member,
  }
}

/** Returns the SHA-256 (hex) of `archive` in a published list: `<sum>  <name>` lines or one bare checksum. */
export function publishedSum(list: string, archive: string): string | undefined {
  const lines = list
    .split('\n')
    .map((line) => line.trim().split(/\s+\*?/))
    .filter(([sum]) => /^[0-9a-f]{64}$/i.test(sum ?? ''))
  const line =
    lines.find(([, name]) => name?.split('/').at(-1) === archive) ??
    lines.find((fields) => fields.length === 1)
  return line?.[0]?.toLowerCase()
}
