import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { readable, showOrder } from './logs.ts'

test('a JSON line of a service becomes time, level, message and the rest', () => {
  const line =
    '{"level":"info","time":"2026-01-02T03:04:05.678Z","service":"orders","msg":"ready","port":8084}'
  expect(readable(line)).toBe('03:04:05.678 info  ready port=8084')
})

test('the numbers of levels have names', () => {
  expect(readable('{"level":50,"time":0,"msg":"lost"}')).toBe('00:00:00.000 error lost')
})

test('a line of Dapr reads the same', () => {
  const line =
    'time="2026-01-02T03:04:05.678901Z" level=warning msg="no \\"such\\" thing" app_id=orders'
  expect(readable(line)).toBe('03:04:05.678 warn  no "such" thing')
})

test('anything else stays as it is', () => {
  expect(readable('{"half": ')).toBe('{"half": ')
  expect(readable('{"no":"log"}')).toBe('{"no":"log"}')
  expect(readable('plain')).toBe('plain')
})

test('the lines about an order are those with its id or its trace, of all logs and their rotated parts, by time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidecart-logs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const id = '019a0c6e-5b7e-7c31-9d2a-3f1f0a6b7c11'
  const [trace, other] = ['a'.repeat(32), 'b'.repeat(32)]
  const line = (second: number, msg: string, more: object) =>
    `${JSON.stringify({ level: 'info', time: `2026-01-02T03:04:0${second}.000Z`, msg, ...more })}\n`
  const file = (name: string) => join(folder, name)
  writeFileSync(file('orders.log.1'), line(2, 'step', { orderId: id, traceId: trace }))
  writeFileSync(file('orders.log'), line(4, 'event', { orderId: id, traceId: trace }))
  const strange = line(3, 'another order', { traceId: other })
  writeFileSync(file('gateway.log'), line(1, 'request', { traceId: trace }) + strange)
  const printed: string[] = []
  const logs = ['gateway', 'orders', 'never-started'].map((name) => ({
    name,
    file: file(`${name}.log`),
  }))
  const print = (text: string) => void printed.push(text)
  expect(await showOrder(logs, id, { pretty: true, print })).toBe(3)
  const words = printed.map((text) => stripVTControlCharacters(text).split(/\s+/))
  expect(words.map(([name, , , message]) => [name, message])).toEqual([
    ['gateway', 'request'],
    ['orders', 'step'],
    ['orders', 'event'],
  ])
})
