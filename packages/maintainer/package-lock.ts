/** The fields of package-lock.json (version 3) used here. */
export type Lock = { packages: Record<string, LockEntry> }
type LockEntry = {
  version?: string
  integrity?: string
  link?: boolean
  optional?: boolean
  dev?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
]

/**
 * Returns the missing entries for platform-specific packages, with the platform read from the package's name.
 *
 * Programs inside npm packages come as one optional package per platform. When a registry mirrors only some of these
 * packages, npm omits the others from the lock, and `npm ci` then rejects the whole lock on every platform.
 */
export function missingPlatforms({ packages }: Lock): Record<string, LockEntry> {
  const missing: Record<string, LockEntry> = {}
  for (const [path, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const places = [`${path}/node_modules/${name}`, `node_modules/${name}`]
      const there = places.some(
        (place) => packages[place]?.version === version || (packages[place] && !isExact(version)),
      )
      if (path === '' || there || !isExact(version)) continue
      const place = packages[`node_modules/${name}`] ? places[0] : places[1]
      missing[place ?? name] = { version, ...platformOf(name), ...(dev && { dev }), optional: true }
    }
  }
  return missing
}

/** Returns entries that npm cannot tell from another package of the same name and version: path → `name@version`. */
export function withoutIntegrity({ packages }: Lock): Map<string, string> {
  const open = Object.entries(packages).filter(
    ([path, { integrity, link }]) => path.includes('node_modules/') && !integrity && !link,
  )
  return new Map(open.map(([path, { version }]) => [path, `${nameOf(path)}@${version}`]))
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 13)

const isExact = (version: string): boolean => /^\d+\.\d+\.\d+/.test(version)

function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> {
  const words = name.split(/[-/.]/)
  const os = systems.filter((system) => words.includes(system))
  const cpu = processors.filter((processor) => words.includes(processor))
  const libc = words.includes('musl')
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : []
  return {
    ...(cpu.length > 0 && { cpu }),
    ...(libc.length > 0 && { libc }),
    ...(os.length > 0 && { os }),
  }
}
