import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { paint } from '../process/terminal.ts'

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
  const say = (prefix: string, text: string) => print(prefix + (pretty ? readable(text) : text))
  for (const { prefix, next } of reads) for (const line of next().slice(-lines)) say(prefix, line)
  while (follow) {
    await pause(200)
    for (const { prefix, next } of reads) for (const line of next()) say(prefix, line)
  }
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
