import { expect, it } from 'vitest'
import { stepsOf } from './page.ts'

it('takes commands with what they print, and changes, in their order', () => {
  const page = [
    'Some text',
    '```sh',
    'one --flag',
    '# → first',
    '# → second',
    '',
    'two',
    '```',
    '```diff',
    '--- a/file',
    '-old',
    '```',
    '```ts',
    'const ignored = true',
    '```',
  ].join('\n')
  expect(stepsOf(page)).toEqual([
    { do: 'run', command: 'one --flag', expected: ['first', 'second'], line: 3 },
    { do: 'run', command: 'two', expected: [], line: 7 },
    { do: 'change', diff: '--- a/file\n-old\n', line: 10 },
  ])
})
