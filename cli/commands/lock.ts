import { readFileSync, writeFileSync } from 'node:fs'
import { defineCommand } from 'citty'
import { type Lock, missingPlatforms } from '../lock.ts'

const path = 'package-lock.json'

export default defineCommand({
  meta: {
    name: 'lock',
    description: 'Complete package-lock.json for every platform, after `npm install` changed it',
  },
  run() {
    const lock = JSON.parse(readFileSync(path, 'utf8')) as Lock
    const missing = missingPlatforms(lock)
    const packages = Object.entries({ ...lock.packages, ...missing }).sort(([one], [other]) =>
      one < other ? -1 : 1,
    )
    writeFileSync(
      path,
      `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`,
    )
    console.log(`${Object.keys(missing).length} platform packages added to ${path}`)
  },
})
