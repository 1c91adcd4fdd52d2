import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { paint } from '../../process/terminal.ts'

export type Log = { name: string; file: string }

const levels: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}
const known = new Set(['pid', 'hostname', 'name', 'service', 'v'])
const dim = new Set(['trace', 'debug'])
const loud = new Set(['error', 'fatal'])

type Entry = { time: string; level: string; message: string; rest: Record<string, unknown> }

/**
 * Formats a log line for people: time, level, message and other fields, from the JSON of services and the `key="value"`
 * of Dapr.
 */
export function readable(line: string): string {
  const entry = fromJson(line) ?? fromDapr(line)
  if (!entry) return line
  const { time, level, message } = entry
  const fields = Object.entries(entry.rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const shown = [time.slice(11, 23), level.padEnd(5), message, ...fields].join(' ')
  if (loud.has(level)) return paint('red', shown)
  if (level === 'warn') return paint('yellow', shown)
  return dim.has(level) ? paint('gray', shown) : shown
}

function fromJson(line: string): Entry | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const { level, time, msg, ...all } = JSON.parse(line) as Record<string, unknown>
    const when = new Date(time as string | number)
    if (level === undefined || Number.isNaN(when.getTime())) return undefined
    const rest = Object.fromEntries(Object.entries(all).filter(([key]) => !known.has(key)))
    return {
      time: when.toISOString(),
      level: levels[Number(level)] ?? String(level),
      message: String(msg ?? ''),
      rest,
    }
  } catch {
    return undefined
  }
}

function fromDapr(line: string): Entry | undefined {
  const [, time, level, message] =
    /^time="([^"]+)" level=(\w+) msg="((?:[^"\\]|\\.)*)"/.exec(line) ?? []
  if (!time || !level || message === undefined) return undefined
  const unescaped = message.replaceAll('\\"', '"').replaceAll('\\n', ' ')
  return { time, level: level.replace('warning', 'warn'), message: unescaped, rest: {} }
}

export type ShowOptions = {
  lines: number
  follow: boolean
  pretty: boolean
  print?: (line: string) => void
}

/**
 * Prints the last lines of each log and, with `follow`, new lines; several logs get their name in front of each line.
 */
export async function showLogs(
  logs: readonly Log[],
  { lines, follow, pretty, print = console.log }: ShowOptions,
): Promise<void> {
  const width = Math.max(...logs.map(({ name }) => name.length))
  const reads = logs.map(({ name, file }) => ({
    prefix: logs.length > 1 ? `${paint('cyan', name.padEnd(width))} ` : '',
    next: readerOf(file),
  }))
  const printLine = (prefix: string, text: string) =>
    print(prefix + (pretty ? readable(text) : text))
  for (const { prefix, next } of reads)
    for (const line of next().slice(-lines)) printLine(prefix, line)
  while (follow) {
    await pause(200)
    for (const { prefix, next } of reads) for (const line of next()) printLine(prefix, line)
  }
}

/**
 * Prints every line about an order, oldest first: those with its id, and those with a trace id that one of these has,
 * such as the request that placed it. Returns how many.
 */
export async function showOrder(
  logs: readonly Log[],
  orderId: string,
  { pretty, print = console.log }: Pick<ShowOptions, 'pretty' | 'print'>,
): Promise<number> {
  const about = await linesWith(logs, [orderId])
  const traces = about.flatMap(({ line }) => traceOf(line) ?? [])
  const all = await linesWith(logs, [orderId, ...new Set(traces)])
  const width = Math.max(0, ...all.map(({ name }) => name.length))
  for (const { name, line } of all.sort((one, other) => timeOf(one.line) - timeOf(other.line)))
    print(`${paint('cyan', name.padEnd(width))} ${pretty ? readable(line) : line}`)
  return all.length
}

const traceOf = (line: string) => /"traceId":"([0-9a-f]{32})"/.exec(line)?.[1]

function timeOf(line: string): number {
  const entry = fromJson(line) ?? fromDapr(line)
  return entry ? Date.parse(entry.time) : 0
}

/** Returns the lines with one of some words, of each log and of its part before the last rotation. */
async function linesWith(logs: readonly Log[], words: readonly string[]) {
  const found: { name: string; line: string }[] = []
  for (const { name, file } of logs)
    for (const part of [`${file}.1`, file].filter((path) => existsSync(path)))
      for await (const line of createInterface(createReadStream(part)))
        if (words.some((word) => line.includes(word))) found.push({ name, line })
  return found
}

/** Returns the complete lines added since the last call. A log that shrank is read from its beginning. */
export function readerOf(file: string): () => string[] {
  let offset = Math.max(0, sizeOf(file) - mostAtOnce)
  let half = ''
  return () => {
    const added = readFrom(file, offset)
    offset = added.end
    const lines = (half + added.text).split('\n')
    half = lines.pop() ?? ''
    return lines
  }
}

/** Bytes read from the end of a long log. */
const mostAtOnce = 1_000_000

/** Returns the end of a file, at most `bytes` long. */
export const endOf = (file: string, bytes: number): string =>
  readFrom(file, Math.max(0, sizeOf(file) - bytes)).text

const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0

function readFrom(file: string, wanted: number): { text: string; end: number } {
  let log: number
  try {
    log = openSync(file, 'r')
  } catch {
    return { text: '', end: 0 }
  }
  try {
    const { size } = fstatSync(log)
    const from = size < wanted ? 0 : wanted
    const buffer = Buffer.alloc(size - from)
    return {
      text: buffer.toString('utf8', 0, readSync(log, buffer, 0, buffer.length, from)),
      end: size,
    }
  } finally {
    closeSync(log)
  }
}
