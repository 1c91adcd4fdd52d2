import { expect, it } from 'vitest'
import { formatTime } from './dates.ts'

it('a time is without its day only when that is today', () => {
  const noon = new Date(2026, 6, 14, 12)
  const at = (day: number, hour: number) =>
    formatTime(new Date(2026, 6, day, hour, 5).toISOString(), noon)
  expect(at(14, 0)).toBe('00:05:00')
  expect(at(14, 23)).toBe('23:05:00')
  expect(at(13, 23)).toContain('13 Jul 2026')
  expect(at(15, 0)).toContain('15 Jul 2026')
  expect(formatTime(new Date(2025, 6, 14, 12).toISOString(), noon)).toContain('14 Jul 2025')
})
