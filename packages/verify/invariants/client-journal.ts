import { appendFileSync, mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Answer, ClientJournal } from './snapshot.ts'

/** A line of a driver's record. What is asked is written down before it is sent, so that a driver that dies has lied about nothing. */
export type JournalLine =
  | { is: 'customer'; customerId: string }
  | ({ is: 'asked' } & ClientJournal['asked'][number])
  | ({ is: 'answered' } & Answer)
  | { is: 'poison'; service: string; id: string }

/** Appends lines to a JSONL file; without one they are forgotten. */
export function createRecorder(file?: string): (line: JournalLine) => void {
  if (file === undefined) return () => {}
  mkdirSync(dirname(file), { recursive: true })
  return (line) => appendFileSync(file, `${JSON.stringify(line)}\n`)
}

/** A driver's record. A last line that was cut off tells of nothing that was answered. */
export async function readJournal(file?: string): Promise<ClientJournal> {
  const text = file === undefined ? '' : await readFile(file, 'utf8')
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as JournalLine)
  return {
    customers: lines.flatMap((line) => (line.is === 'customer' ? line.customerId : [])),
    asked: lines.filter((line) => line.is === 'asked'),
    answers: lines.filter((line) => line.is === 'answered'),
    poison: lines.filter((line) => line.is === 'poison'),
  }
}
