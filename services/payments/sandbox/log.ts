import { appendFile, mkdir, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { Effect } from './charges.ts'

/** A line of the log: an effect, its place (1, 2, 3 …) and its time. */
const Entry = z.intersection(z.object({ n: z.int().min(1), at: z.iso.datetime() }), Effect)
export type Entry = z.infer<typeof Entry>

export type EffectLog = {
  /** What the log held when it was opened, oldest first. */
  entries: readonly Entry[]
  /**
   * Resolves when the line is on the disk. Lines that wait together share one sync. Once the disk has failed,
   * every append fails: what was not written down must not be answered.
   */
  append(effect: Effect): Promise<void>
  /** Lines on the disk that come after line `after`, at most `limit`. */
  read(after: number, limit: number): Promise<Entry[]>
  close(): Promise<void>
}

type Waiting = { line: Buffer; resolve: () => void; reject: (error: unknown) => void }

/**
 * An append-only file of JSON lines. A last line without its line feed was never answered for, and the next
 * append overwrites it; any other line that cannot be read is an error.
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

  /** Where each line on the disk begins; the last is where the next one will. */
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

/** Makes the file's name itself durable. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync()
  await folder.close()
}
