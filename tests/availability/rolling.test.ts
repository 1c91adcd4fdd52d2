import { setTimeout as pause } from 'node:timers/promises'
import { until } from '@sidecart/testing/until.ts'
import { beforeAll, expect, it } from 'vitest'
import { type Person, reaches } from '../system/client.ts'
import { sidecart } from '../system/shop.ts'
import { buyer, isShed, orderOnce, orderPatiently, type Reply } from './client.ts'

type Process = { name: string; role: string; pid: number }
const betweenOrdersMs = 100
/**
 * JetStream redelivers an unacknowledged event after `ackWait`; with two instances this can happen
 * twice.
 */
const ackWaitSeconds = 45

let ada: Person
let hasty: (Reply | Error)[]
let patient: (Reply | Error)[]
let before: Process[]
let after: Process[]

/** Orders arrive at a constant rate until all services and their sidecars have been restarted. */
beforeAll(async () => {
  ada = await buyer(2_000)
  before = await services()
  const stopped = new AbortController()
  const selling = [sell(orderOnce, stopped.signal), sell(orderPatiently, stopped.signal)]
  await sidecart('restart', '--rolling', '--with-sidecar').finally(() => stopped.abort())
  ;[hasty = [], patient = []] = await Promise.all(selling)
  after = await services()
})

/** Returns the app and sidecar processes once all are ready. */
async function services(): Promise<Process[]> {
  const status = () => sidecart('status', '--json').catch(() => undefined)
  const printed = await until('every process is ready', status, 30_000)
  const { processes } = JSON.parse(printed) as { processes: Process[] }
  return processes.filter(({ role }) => role !== 'backing')
}

async function sell(order: (by: Person) => Promise<Reply>, stopped: AbortSignal) {
  const replies: Promise<Reply | Error>[] = []
  while (!stopped.aborted) {
    replies.push(order(ada).catch((error: Error) => error))
    await pause(betweenOrdersMs)
  }
  return Promise.all(replies)
}

it('a rolling restart restarts every instance of every service, with its sidecar', () => {
  expect(before).toHaveLength(2 * 2 * 7)
  const pids = new Set(before.map(({ pid }) => pid))
  expect(after.map(({ name }) => name)).toEqual(before.map(({ name }) => name))
  expect(after.filter(({ pid }) => pids.has(pid))).toEqual([])
})

it('meanwhile a client gets no other error than 503 with Retry-After', () => {
  const accepted = (reply: Reply | Error) => !(reply instanceof Error) && reply.status === 202
  expect(hasty.filter((reply) => !accepted(reply)).filter((reply) => !shed(reply))).toEqual([])
  expect(hasty.filter(accepted).length).toBeGreaterThan(hasty.length / 2)
})

it('and a client that comes back when it is told to gets none at all', () => {
  expect(patient.length).toBeGreaterThan(0)
  expect(patient.map((reply) => (reply instanceof Error ? reply.message : reply.status))).toEqual(
    patient.map(() => 202),
  )
})

it('every order that was accepted is completed, and the invariants hold', async () => {
  const ids = [...hasty, ...patient].flatMap((reply) =>
    reply instanceof Error || reply.orderId === '' ? [] : [reply.orderId],
  )
  for (const id of ids) await reaches(ada, id, ['confirmed'], 30_000)
  await sidecart('verify', '--grace', String(ackWaitSeconds * 2 + 30))
})

const shed = (reply: Reply | Error): boolean => !(reply instanceof Error) && isShed(reply)
