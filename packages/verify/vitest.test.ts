import { expect, test } from 'vitest'
import { failuresOf } from './vitest.ts'

const file = (status: string, ...tests: string[]) => ({
  status,
  message: '',
  assertionResults: tests.map((result, index) => ({
    status: result,
    title: `test ${index}`,
    ...(result === 'failed' && { failureMessages: ['Error: too late\n    at somewhere'] }),
  })),
})

test('each failed test is told with the first line of why', () => {
  const files = [file('passed', 'passed', 'skipped'), file('failed', 'passed', 'failed')]
  expect(failuresOf({ files, code: 1 })).toEqual(['test 1: Error: too late'])
})

test('a file that could not be run is a failure, whatever else failed', () => {
  const broken = { ...file('failed', 'skipped'), message: 'no shop\nat all' }
  const files = [broken, file('failed'), file('failed', 'failed')]
  const told = ['no shop', 'a file of tests could not be run', 'test 0: Error: too late']
  expect(failuresOf({ files, code: 1 })).toEqual(told)
})

test('a run that ended badly without a failed test is a failure', () => {
  const told = ['the tests could not be run']
  expect(failuresOf({ files: [file('passed', 'passed')], code: 1 })).toEqual(told)
  expect(failuresOf({ files: [], code: 1 })).toEqual(told)
  expect(failuresOf({ files: [file('passed', 'passed')], code: 0 })).toEqual([])
})
