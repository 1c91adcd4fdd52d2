import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { alive, type Proc, procOf, until } from '../process/spawn.ts'

export type LockOptions = { log?: ((line: string) => void) | undefined; timeoutMs?: number }

/**
 * Runs `work` while holding the lock `file`, so that concurrent starts do not repeat work. Waits for another holder (up
 * to `timeoutMs`, default 30 minutes) and takes over from a dead one. Throws on time-out.
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  { log, timeoutMs = 1_800_000 }: LockOptions = {},
): Promise<T> {
  mkdirSync(dirname(file), { recursive: true })
  let reported = false
  await until(
    () => {
      const holder = tryLock(file)
      if (holder && !reported)
        log?.(`waiting for another start (pid ${holder.pid}) that holds ${file}`)
      reported ||= holder !== undefined
      return holder === undefined
    },
    { timeoutMs, everyMs: 100, what: `the lock ${file}` },
  )
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/** Returns undefined when the lock was acquired, else the holder. */
function tryLock(file: string): Proc | undefined {
  const mine = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`
  writeFileSync(mine, JSON.stringify(procOf('start', process.pid)))
  try {
    return linked(mine, file) || stolen(mine, file)
      ? undefined
      : (holderOf(file) ?? { name: 'start', pid: 0, startMark: '' })
  } finally {
    rmSync(mine, { force: true })
  }
}

// A hard link appears with its full content and fails for a taken name: readers never see an empty lock.
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

// Of several takers only one moves the dead holder's file away; the file of a live holder is put back.
function stolen(mine: string, file: string): boolean {
  const holder = holderOf(file)
  if (!holder || alive(holder)) return false
  const aside = `${mine}.stale`
  try {
    renameSync(file, aside)
  } catch {
    return false
  }
  const moved = holderOf(aside)
  if (moved && alive(moved)) linked(aside, file)
  rmSync(aside, { force: true })
  return linked(mine, file)
}

function holderOf(file: string): Proc | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Proc
  } catch {
    return undefined
  }
}
