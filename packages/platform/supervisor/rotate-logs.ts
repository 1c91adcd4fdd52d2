import { copyFile, stat, truncate } from 'node:fs/promises'

const lookEveryMs = 10_000
/** Bytes of a log before its content moves to `NAME.log.1`. Twice as much is on disk at most, and what 10 s add. */
const usualBytes = 20 * 1024 * 1024

/**
 * Keeps logs from growing without bound. Programs append to a log by a descriptor of their own, which outlives the
 * supervisor; so a log is copied and emptied in place, and lines that are written in between may be lost. Where no copy can be
 * written (a full disk), the log is emptied all the same.
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
