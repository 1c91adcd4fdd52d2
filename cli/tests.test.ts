import { expect, test } from 'vitest'
import { tallyOf } from './tests.ts'

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((result) => ({ status: result })),
})

test('passed and failed tests are counted over all files, skipped ones are neither', () => {
  const files = [file('passed', 'passed', 'passed', 'skipped'), file('failed', 'passed', 'failed')]
  expect(tallyOf(files, 1)).toEqual({ passed: 3, failed: 1 })
})

test('a file that could not be loaded is a failure', () => {
  expect(tallyOf([file('failed'), file('passed', 'passed')], 1)).toEqual({ passed: 1, failed: 1 })
})

test('a run that ended badly without a failed test is a failure', () => {
  expect(tallyOf([file('passed', 'passed')], 1)).toEqual({ passed: 1, failed: 1 })
  expect(tallyOf([], 1)).toEqual({ passed: 0, failed: 1 })
})
