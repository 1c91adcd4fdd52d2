import { appendFileSync, mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Answer, ClientJournal } from './snapshot.ts'

/**
 * A line of a client journal. A request is recorded before sending, so the journal stays truthful
 * when the client crashes.
 */
export type JournalLine =
  | { is: 'customer'; customerId: string }
  | ({ is: 'asked' } & ClientJournal['asked'][number])
  | ({ is: 'answered' } & Answer)
  | { is: 'poison'; service: string; id: string }

/** Appends lines to a JSONL file; without a file, discards them. */
export function createRecorder(file?: string): (line: JournalLine) => void {
  if (file === undefined) return () => {}
  mkdirSync(dirname(file), { recursive: true })
  return (line) => appendFileSync(file, `${JSON.stringify(line)}\n`)
}

/**
 * Reads a client journal. A truncated last line is ignored: no answer was received for such a line.
 */
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
