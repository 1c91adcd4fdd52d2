import { statfs } from 'node:fs/promises'
import { readerOf } from '../../supervisor/logs/logs.ts'

const neededBytes = 50 * 1024 * 1024

/**
 * Returns a function that resolves with the reason for a restart after the log reported a failed write and the disk has
 * room again. After one failed write to its file (a full disk), a stream rejects every message until the server
 * restarts, while the server reports healthy.
 */
export function failingStorage(dir: string, logFile: string): () => Promise<string | undefined> {
  const newLines = readerOf(logFile)
  newLines()
  let failed = false
  return async () => {
    failed = newLines().some((line) => /failed to store a msg|no space left/i.test(line)) || failed
    if (!failed) return undefined
    const { bavail, bsize } = await statfs(dir)
    if (bavail * bsize < neededBytes) return undefined
    failed = false
    return 'a stream could not be written, and there is room on the disk again'
  }
}
