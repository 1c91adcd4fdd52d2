import { chmod, constants, copyFile, link, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { homeBin, type Places, projectBin, projectDaprBin } from './find.ts'
import type { PartName } from './versions.ts'

/**
 * Moves a finished program into place atomically: readers see no file, the old file or the complete new one. Dapr's
 * programs go to `~/.dapr/bin` unless the name is taken (the user's files are never replaced), else to the project's
 * own folder. Returns the path.
 */
export async function install(name: PartName, file: string, places: Places): Promise<string> {
  if (name === 'nats-server') return put(file, join(projectBin(places), name), rename)
  try {
    // Unlike a rename, a link fails for a taken name.
    return await put(file, join(homeBin(places), name), link)
  } catch {
    return put(file, join(projectDaprBin(places), name), rename)
  }
}

async function put(
  file: string,
  target: string,
  into: (from: string, to: string) => Promise<void>,
): Promise<string> {
  const beside = `${target}.${process.pid}.tmp`
  try {
    await mkdir(dirname(target), { recursive: true })
    await copyFile(file, beside, constants.COPYFILE_FICLONE)
    await chmod(beside, 0o755)
    await into(beside, target)
    return target
  } finally {
    await rm(beside, { force: true })
  }
}
