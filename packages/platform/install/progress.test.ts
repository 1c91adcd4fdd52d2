import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createProgress, type Step, textOf } from './progress.ts'

function printer(isTTY: boolean) {
  const written: string[] = []
  const out = { isTTY, columns: 60, write: (text: string) => written.push(text) }
  return { progress: createProgress(out), written, text: () => written.join('') }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const building = (done: number): Step => ({
  part: 'daprd',
  step: 'building',
  unit: 'packages',
  done,
  total: 3000,
})

test('a line says what, how far, how long and how long still', () => {
  expect(textOf(building(1500), 161_000)).toBe(
    'daprd: building 50 % (1,500 of about 3,000 packages), 2:41 so far, about 2:41 left',
  )
})

test('a download counts megabytes, with or without a known total', () => {
  const bytes = { part: 'daprd', step: 'downloading', unit: 'bytes', done: 5_000_000 } as const
  expect(textOf({ ...bytes, total: 20_000_000 }, 1000)).toBe(
    'daprd: downloading 25 % (5.0 of 20.0 MB), 0:01 so far',
  )
  expect(textOf(bytes, 1000)).toBe('daprd: downloading (5.0 MB), 0:01 so far')
})

test('a build that links neither claims to be done nor promises a time', () => {
  const text = textOf(building(3000), 60_000)
  expect(text).toBe('daprd: building 99 % (3,000 of about 3,000 packages), 1:00 so far')
})

test('in a pipe there are whole lines only, at most one in five seconds for a part', () => {
  const { progress, text } = printer(false)
  for (let done = 0; done < 1400; done += 10) {
    progress.report(building(done))
    vi.advanceTimersByTime(100)
  }
  progress.report({ part: 'daprd', step: 'ended' })
  progress.print('daprd: done')
  expect([...'\r\x1b'].filter((control) => text().includes(control))).toEqual([])
  expect(text()).toMatch(/^(daprd: building .*\n){3}daprd: done\n$/)
})

test('in a pipe a new step and another part speak at once', () => {
  const { progress, text } = printer(false)
  progress.report({ part: 'daprd', step: 'downloading', unit: 'bytes', done: 1 })
  progress.report(building(1))
  progress.report({ ...building(1), part: 'dapr' })
  const starts = text()
    .split('\n')
    .map((line) => line.split(' (')[0])
  expect(starts).toEqual(['daprd: downloading', 'daprd: building 0 %', 'dapr: building 0 %', ''])
})

test('in a pipe a silent linker is spoken for, until it has ended', () => {
  const { progress, text } = printer(false)
  progress.report(building(3000))
  vi.advanceTimersByTime(31_000)
  progress.report({ part: 'daprd', step: 'ended' })
  vi.advanceTimersByTime(60_000)
  expect(text().match(/\d:\d\d so far/g)).toEqual(['0:00 so far', '0:15 so far', '0:30 so far'])
})

test('on a terminal the lines are refreshed in place and never wider than the window', () => {
  const { progress, written, text } = printer(true)
  progress.report(building(1))
  vi.advanceTimersByTime(200)
  progress.report(building(2))
  vi.advanceTimersByTime(10)
  progress.report(building(3))
  expect(written).toHaveLength(2)
  expect(written[1]?.startsWith('\x1b[1A\x1b[J')).toBe(true)
  vi.advanceTimersByTime(1000)
  expect(written[2]).toContain('(3 of')
  for (const line of text().split('\n'))
    expect(line.replaceAll('\x1b[1A\x1b[J', '').length).toBeLessThan(60)
})

test('on a terminal a line goes when its part has ended, and what is printed stays above', () => {
  const { progress, written } = printer(true)
  progress.report(building(1))
  progress.print('sentry: done')
  progress.report({ part: 'daprd', step: 'ended' })
  progress.end()
  vi.advanceTimersByTime(5000)
  expect(written.slice(1)).toEqual([
    expect.stringMatching(/Jsentry: done\ndaprd: building .*\n$/),
    '\x1b[1A\x1b[J',
  ])
})
