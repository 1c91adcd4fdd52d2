import { expect, it } from 'vitest'
import { toLine } from './copy.ts'

it('a line of COPY keeps every character, and tells nothing from an empty text', () => {
  const row = {
    text: 'tab\there, line\nbreak\r, back\\slash, \\N',
    empty: '',
    nothing: null,
    at: new Date(0),
    json: [{ name: 'a "b"\n' }],
    count: 3,
    yes: true,
  }
  expect(toLine(row, [...Object.keys(row), 'absent'])).toBe(
    `${[
      'tab\\there, line\\nbreak\\r, back\\\\slash, \\\\N',
      '',
      '\\N',
      '1970-01-01T00:00:00.000Z',
      '[{"name":"a \\\\"b\\\\"\\\\n"}]',
      '3',
      'true',
      '\\N',
    ].join('\t')}\n`,
  )
})
