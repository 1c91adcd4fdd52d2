import { appendFile, mkdir, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { Effect } from './charges.ts'

/** A line of the log: an effect, the line number (1, 2, 3 …) and the time. */
const Entry = z.intersection(z.object({ n: z.int().min(1), at: z.iso.datetime() }), Effect)
export type Entry = z.infer<typeof Entry>

export type EffectLog = {
  /** Content of the log when opened, oldest first. */
  entries: readonly Entry[]
  /**
   * Resolves when the line is on disk. Concurrent appends share one sync. After a disk failure every append fails: an
   * effect not on disk must not be answered.
   */
  append(effect: Effect): Promise<void>
  /** Returns at most `limit` lines on disk after line `after`. */
  read(after: number, limit: number): Promise<Entry[]>
  close(): Promise<void>
}

type Waiting = { line: Buffer; resolve: () => void; reject: (error: unknown) => void }

/**
 * Opens an append-only file of JSON lines. A last line without a line feed was never answered, and the next append
 * overwrites the line; any other unreadable line is an error.
 *
 * @param now the clock of the lines, ISO 8601
 */
export async function openEffectLog(
  path: string,
  now = () => new Date().toISOString(),
): Promise<EffectLog> {
  await mkdir(dirname(path), { recursive: true })
  await appendFile(path, '', { mode: 0o600 })
  const bytes = await readFile(path)
  const entries = parse(bytes, 0, path)
  const file = await open(path, 'r+')
  await syncFolder(dirname(path))

  /** Offset of each line on disk; the last one is the offset of the next line. */
  const begins = lineBegins(bytes)
  let torn = bytes.length > end()
  let last = entries.length
  let waiting: Waiting[] = []
  let flushing: Promise<void> | undefined
  let broken: unknown

  function end(): number {
    return begins.at(-1) ?? 0
  }

  function append(effect: Effect): Promise<void> {
    last += 1
    const line = Buffer.from(`${JSON.stringify({ n: last, at: now(), ...effect })}\n`)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    waiting.push({ line, resolve, reject })
    flushing ??= flush()
    return promise
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      try {
        if (broken) throw broken
        await writeDown(group.map(({ line }) => line))
        for (const { resolve } of group) resolve()
      } catch (error) {
        broken = error
        for (const { reject } of group) reject(error)
      }
    }
    flushing = undefined
  }

  async function writeDown(lines: Buffer[]): Promise<void> {
    if (torn) await file.truncate(end())
    torn = false
    const text = Buffer.concat(lines)
    for (let done = 0; done < text.length; )
      done += (await file.write(text, done, text.length - done, end() + done)).bytesWritten
    await file.datasync()
    for (const line of lines) begins.push(end() + line.length)
  }

  async function read(after: number, limit: number): Promise<Entry[]> {
    const from = begins[after]
    const to = begins[Math.min(after + limit, begins.length - 1)]
    if (from === undefined || to === undefined || from === to) return []
    const { buffer } = await file.read(Buffer.alloc(to - from), 0, to - from, from)
    return parse(buffer, after, path)
  }

  async function close(): Promise<void> {
    await flushing
    await file.close()
  }

  return { entries, append, read, close }
}

function parse(bytes: Buffer, after: number, path: string): Entry[] {
  const lines = bytes.toString('utf8').split('\n').slice(0, -1)
  return lines.map((line, index) => {
    const n = after + index + 1
    try {
      const entry = Entry.parse(JSON.parse(line))
      if (entry.n === n) return entry
    } catch {}
    throw new Error(`${path}:${n} is not line ${n} of a provider's log`)
  })
}

function lineBegins(bytes: Buffer): number[] {
  const begins = [0]
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) begins.push(at + 1)
  return begins
}

/** Syncs the folder, so that the file's name is durable. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync()
  await folder.close()
}
