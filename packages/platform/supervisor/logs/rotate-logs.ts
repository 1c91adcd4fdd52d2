import { copyFile, stat, truncate } from 'node:fs/promises'

const lookEveryMs = 10_000
/**
 * Bytes of a log before its content moves to `NAME.log.1`. The disk holds at most twice as much, plus the output of 10
 * s.
 */
const usualBytes = 20 * 1024 * 1024

/**
 * Bounds the size of logs. Programs append to a log through a descriptor of their own that outlives the supervisor, so
 * a log is copied and truncated in place; lines written in between may be lost. When the copy fails (a full disk), the
 * log is truncated all the same.
 */
export function rotateLogs(
  files: readonly string[],
  { bytes = usualBytes, everyMs = lookEveryMs } = {},
): { stop(): void } {
  const timer = setInterval(() => void look(), everyMs).unref()
  let looking = false

  async function look(): Promise<void> {
    if (looking) return
    looking = true
    for (const file of new Set(files)) await rotate(file, bytes).catch(() => {})
    looking = false
  }
  return { stop: () => clearInterval(timer) }
}

async function rotate(file: string, bytes: number): Promise<void> {
  const { size } = await stat(file)
  if (size < bytes) return
  await copyFile(file, `${file}.1`).catch(() => {})
  await truncate(file)
}
