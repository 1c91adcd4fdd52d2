import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'

/* The whole system, as `npm start` starts it, through the gateway. */

const gateway = 'http://127.0.0.1:8080'
const root = join(import.meta.dirname, '..')
const sidecart = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['packages/cli/main.ts', ...args], { cwd: root })

beforeAll(() => sidecart('up', '--detach'))
afterAll(() => sidecart('down'))

type Course = { course: string; free: number; booked: number }

async function weaving(): Promise<Course | undefined> {
  const answer = await fetch(`${gateway}/courses`)
  const { courses } = (await answer.json()) as { courses: Course[] }
  return courses.find(({ course }) => course === 'weaving')
}

async function book(card: string): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ course: 'weaving', seats: 1, card })
  const answer = await fetch(`${gateway}/bookings`, { method: 'POST', headers, body })
  const { bookingId } = (await answer.json()) as { bookingId: string }
  let status = ''
  await until('the booking is settled', async () => {
    ;({ status } = (await (await fetch(`${gateway}/bookings/${bookingId}`)).json()) as {
      status: string
    })
    return ['confirmed', 'refused'].includes(status)
  })
  return status
}

it('a booking is confirmed, and its event counted', async () => {
  const before = await weaving()
  expect(await book('approved')).toBe('confirmed')
  await until('the event has been received', async () => {
    const now = await weaving()
    return now?.booked === Number(before?.booked) + 1 && now.free === Number(before?.free) - 1
  })
})

it('a declined card is compensated', async () => {
  const before = await weaving()
  expect(await book('declined')).toBe('refused')
  expect(await weaving()).toEqual(before)
})
