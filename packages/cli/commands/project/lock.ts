import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { type Lock, missingPlatforms, withoutIntegrity } from '@sidecart/maintainer/package-lock.ts'
import { command } from '../../command.ts'

const path = 'package-lock.json'

export default command({
  meta: {
    name: 'lock',
    description: 'Complete package-lock.json for every platform, after `npm install` changed it',
  },
  run() {
    const lock = JSON.parse(readFileSync(path, 'utf8')) as Lock
    const missing = missingPlatforms(lock)
    const all = { ...lock.packages, ...missing }
    const open = withoutIntegrity({ packages: all })
    for (const [place, name] of open)
      all[place] = withIntegrity(all[place] ?? {}, integrityOf(name))
    const packages = Object.entries(all).sort(([one], [other]) => (one < other ? -1 : 1))
    writeFileSync(
      path,
      `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`,
    )
    console.log(
      `${Object.keys(missing).length} platform packages and ${open.size} checksums added to ${path}`,
    )
  },
})

/** Inserts `integrity` after `version`, the position used by npm. */
function withIntegrity({ version, ...rest }: Lock['packages'][string], integrity: string) {
  return { ...(version !== undefined && { version }), integrity, ...rest }
}

/** Returns the checksum that the registry publishes for a package. */
const integrityOf = (name: string): string =>
  execFileSync('npm', ['view', name, 'dist.integrity'], { encoding: 'utf8' }).trim()
