import { describe, expect, it } from 'vitest'
import { breaks, refuses, type Schema } from './growth.ts'

const text: Schema = { type: 'string' }
const number: Schema = { type: 'number' }
const nothing: Schema = { type: 'null' }
const either = (...anyOf: Schema[]): Schema => ({ anyOf })
const tagged = (kind: string, ...fields: string[]): Schema => ({
  type: 'object',
  properties: {
    kind: { type: 'string', const: kind },
    ...Object.fromEntries(fields.map((field) => [field, text])),
  },
  required: ['kind', ...fields],
})

describe('a reader', () => {
  it.each<[string, Schema, Schema]>([
    ['the same alternatives in another order', either(text, nothing), either(nothing, text)],
    ['one alternative less', either(text, nothing), text],
    ['a union written as oneOf', either(text, nothing), { oneOf: [text, nothing] }],
    ['a union in a union', either(text, number, nothing), either(either(text, number), nothing)],
    ['an alternative with one more field', either(tagged('a')), either(tagged('a', 'more'))],
  ])('takes %s', (_, before, now) => {
    const findings = breaks(before, now).filter((one) => !one.endsWith('became required'))
    expect(findings).toEqual([])
  })

  it.each<[string, Schema, Schema, string]>([
    ['one alternative more', text, either(text, nothing), 'data: string became null'],
    [
      'an alternative that loses a field',
      either(tagged('a', 'gone'), tagged('b')),
      either(tagged('a'), tagged('b')),
      'data.gone was removed',
    ],
    [
      'an alternative of a kind it does not know',
      either(tagged('a'), tagged('b')),
      either(tagged('a'), tagged('c')),
      'data.kind may now be "c"',
    ],
  ])('is broken by %s', (_, before, now, finding) => {
    expect(breaks(before, now)).toContain(finding)
  })
})

describe('an object whose fields belong together', () => {
  const together = {
    ...tagged('a', 'more'),
    anyOf: [{ required: ['kind'] }, { required: ['more'] }],
  }

  it('is compared by its fields', () => {
    expect(refuses(tagged('a', 'more'), together)).toEqual([])
    expect(refuses(together, tagged('b', 'more'))).toEqual(['body.kind may no longer be "a"'])
    expect(breaks(tagged('a', 'more', 'gone'), together)).toContain('data.gone was removed')
  })
})

describe('a sender', () => {
  it.each<[string, Schema, Schema]>([
    ['one alternative more', text, either(text, nothing)],
    ['one more beside others', either(text, nothing), either(number, text, nothing)],
  ])('is served by %s', (_, before, now) => {
    expect(refuses(before, now)).toEqual([])
  })

  it('is refused where an alternative went', () => {
    expect(refuses(either(text, nothing), text)).toEqual(['body: null became string'])
    expect(refuses(either(tagged('a'), tagged('b')), either(tagged('a')))).toEqual([
      'body.kind may no longer be "b"',
    ])
  })
})
