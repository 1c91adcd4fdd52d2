import { expect, test } from 'vitest'
import { readable } from './logs.ts'

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
