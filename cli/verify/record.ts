import { readFile } from 'node:fs/promises'
import type { Answer, DriverRecord } from './world.ts'

/** A line of a driver's record. What is asked is written down before it is sent, so that a driver that dies has lied about nothing. */
type RecordLine =
  | { is: 'customer'; customerId: string }
  | ({ is: 'asked' } & DriverRecord['asked'][number])
  | ({ is: 'answered' } & Answer)
  | { is: 'poison'; service: string; id: string }

/** A driver's record. A last line that was cut off tells of nothing that was answered. */
export async function readRecord(file?: string): Promise<DriverRecord> {
  const text = file === undefined ? '' : await readFile(file, 'utf8')
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as RecordLine)
  return {
    customers: lines.flatMap((line) => (line.is === 'customer' ? line.customerId : [])),
    asked: lines.filter((line) => line.is === 'asked'),
    answers: lines.filter((line) => line.is === 'answered'),
    poison: lines.filter((line) => line.is === 'poison'),
  }
}
