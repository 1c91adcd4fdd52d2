import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readIfThere } from '@sidecart/platform/config/files.ts'
import type { Project } from '@sidecart/platform/config/project.ts'

type Package = { name: string; version: string } & Record<string, unknown>
type Lock = { packages: Record<string, unknown> }

/**
 * Adds the package of a service to package-lock.json and links the package, as `npm install` does; without a registry,
 * because a new service uses only packages that are locked already.
 */
export function addWorkspace(project: Project, service: string): void {
  const folder = `services/${service}`
  const { name, version, dependencies, devDependencies } = JSON.parse(
    readFileSync(join(project.root, folder, 'package.json'), 'utf8'),
  ) as Package
  changeLock(project, (packages) => ({
    ...packages,
    [`node_modules/${name}`]: { resolved: folder, link: true },
    [folder]: { name, version, dependencies, devDependencies },
  }))
  const link = join(project.root, 'node_modules', name)
  mkdirSync(dirname(link), { recursive: true })
  rmSync(link, { force: true })
  symlinkSync(join('../..', folder), link)
}

export function removeWorkspace(project: Project, service: string): void {
  const gone = [`node_modules/@sidecart/${service}`, `services/${service}`]
  changeLock(project, (packages) =>
    Object.fromEntries(
      Object.entries(packages)
        .filter(([path]) => !gone.includes(path))
        .map(([path, entry]) => [
          path,
          path.includes('node_modules/') ? entry : without(entry, service),
        ]),
    ),
  )
  rmSync(join(project.root, 'node_modules/@sidecart', service), { force: true })
}

/** Returns the entry of a package of this project without its dependency on a service. */
function without(entry: unknown, service: string): unknown {
  const { dependencies = {}, ...rest } = entry as { dependencies?: Record<string, string> }
  const { [`@sidecart/${service}`]: gone, ...others } = dependencies
  return gone === undefined ? entry : { ...rest, dependencies: others }
}

/** Changes the lock. When the packages of the lock were installed, those of the changed lock are installed as well. */
function changeLock(
  { root }: Project,
  change: (packages: Lock['packages']) => Lock['packages'],
): void {
  const file = join(root, 'package-lock.json')
  const stamp = join(root, 'node_modules/.sidecart-lock-hash')
  const before = readFileSync(file, 'utf8')
  const lock = JSON.parse(before) as Lock
  const packages = Object.entries(change(lock.packages)).sort(([one], [other]) =>
    one.localeCompare(other, 'en'),
  )
  const after = `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`
  writeFileSync(file, after)
  if (readIfThere(stamp) === hashOf(before)) writeFileSync(stamp, hashOf(after))
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
