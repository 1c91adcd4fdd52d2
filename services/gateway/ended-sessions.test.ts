import type { Identity } from '@sidecart/chassis/http/authentication.ts'
import { beforeEach, expect, test } from 'vitest'
import { refuseEndedSessions } from './ended-sessions.ts'

let time: number
let asked: (string | undefined)[]
let answer: () => Promise<{ sessionIds: string[]; asOf: string }>
let verify: (token: string) => Promise<Identity>

beforeEach(() => {
  time = 0
  asked = []
  answer = async () => ({ sessionIds: [], asOf: 'the start' })
  verify = refuseEndedSessions(
    async (sessionId) => ({ userId: 'u', role: 'customer', ...(sessionId && { sessionId }) }),
    (since) => {
      asked.push(since)
      return answer()
    },
    () => time,
  )
})

const outcome = (sessionId: string) =>
  verify(sessionId).then(
    () => 'accepted',
    ({ code }: { code: string }) => code,
  )

test('tokens of a session are refused within two seconds after it ended, others are not', async () => {
  expect(await outcome('mine')).toBe('accepted')
  answer = async () => ({ sessionIds: ['mine'], asOf: 'later' })
  time = 1_999
  expect(await outcome('mine')).toBe('accepted')
  time = 2_000
  expect(await outcome('mine')).toBe('unauthenticated')
  expect(await outcome('other')).toBe('accepted')
  expect(await outcome('')).toBe('accepted')
  expect(asked).toEqual([undefined, 'the start'])
})

test('requests at the same time share one read and wait for its answer', async () => {
  answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    return { sessionIds: ['mine'], asOf: 'now' }
  }
  expect(await Promise.all(['mine', 'other', 'mine'].map(outcome))).toEqual([
    'unauthenticated',
    'accepted',
    'unauthenticated',
  ])
  expect(asked).toHaveLength(1)
})

test('without an answer, tokens are accepted, known sessions refused, and the next read leaves no gap', async () => {
  answer = async () => ({ sessionIds: ['mine'], asOf: 'before' })
  await outcome('mine')
  answer = () => Promise.reject(new Error('users is away'))
  for (time of [2_000, 2_500, 4_000]) {
    expect(await outcome('other')).toBe('accepted')
    expect(await outcome('mine')).toBe('unauthenticated')
  }
  answer = async () => ({ sessionIds: ['other'], asOf: 'after' })
  time = 6_000
  expect(await outcome('other')).toBe('unauthenticated')
  expect(asked).toEqual([undefined, 'before', 'before', 'before'])
})

test('an ended session is remembered for as long as a token of it can live', async () => {
  answer = async () => ({ sessionIds: time === 0 ? ['mine'] : [], asOf: 'x' })
  await outcome('mine')
  time = 15 * 60_000
  expect(await outcome('mine')).toBe('unauthenticated')
  time = 16 * 60_000
  expect(await outcome('mine')).toBe('accepted')
})
