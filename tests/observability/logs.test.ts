import { until } from '@sidecart/testing/until.ts'
import { expect, test } from 'vitest'
import { confirmedCustomer, orderOf, placed, reaches } from '../system/client.ts'
import { sidecart } from '../system/shop.ts'

type Line = { service: string; time: string; msg: string; traceId?: string } & Record<
  string,
  unknown
>

/** What `sidecart logs --order` prints: the name of a process and the line of its log. */
async function linesAbout(orderId: string): Promise<Line[]> {
  const text = await sidecart('logs', '--order', orderId)
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line.slice(line.indexOf('{'))) as Line)
}

test('the logs tell an order from the request to the mail, each request and each step once', async () => {
  const ada = await confirmedCustomer()
  const orderId = await placed(ada, orderOf('MUG-ENAMEL-BLUE', 1))
  await reaches(ada, orderId, ['confirmed'])
  let lines: Line[] = []
  await until('the last event was logged', async () => {
    lines = await linesAbout(orderId)
    return lines.some(
      ({ service, topic }) => service === 'catalog' && topic === 'orders-confirmed-v1',
    )
  })
  const steps = lines.filter(({ msg }) => msg === 'saga step')
  expect(steps.map(({ step, status }) => [step, status])).toEqual([
    ['reserve', 'reserved'],
    ['charge', 'confirmed'],
  ])
  const placing = lines.filter(({ method, path }) => method === 'POST' && path === '/orders')
  expect(placing.map(({ service, status }) => [service, status])).toEqual([
    ['orders', 202],
    ['gateway', 202],
  ])
  const services = new Set(lines.map(({ service }) => service))
  expect([...services].sort()).toEqual(
    expect.arrayContaining(['catalog', 'gateway', 'orders', 'payments']),
  )
  const events = lines.filter(({ msg }) => msg === 'event')
  for (const { topic, outcome, service } of events)
    expect([service, topic, outcome]).toEqual([service, topic, 'applied'])
  const times = lines.map(({ time }) => time)
  expect(times).toEqual(times.toSorted())
  expect(lines.every(({ traceId }) => /^[0-9a-f]{32}$/.test(traceId ?? ''))).toBe(true)
})

test('an id that no log has ends with an error that says so', async () => {
  const none = '01234567-0123-7123-8123-012345678901'
  await expect(sidecart('logs', '--order', none)).rejects.toThrow(
    /no log has a line about the order/,
  )
  await expect(sidecart('logs', '--order', 'nope')).rejects.toThrow(/takes the id of an order/)
})
