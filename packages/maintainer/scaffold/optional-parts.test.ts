import { expect, it } from 'vitest'
import { withoutParts, withoutReferences } from './optional-parts.ts'

const cut = (...lines: string[]) => withoutParts('a.ts', lines.join('\n'), 'parcels')?.split('\n')

it('cuts the parts of a service out, in every kind of comment', () => {
  expect(cut('one', '  // parcels: optional', 'two', '  // /parcels', 'three')).toEqual([
    'one',
    'three',
  ])
  expect(cut('# parcels: optional: an alert', 'two', '# /parcels', 'three')).toEqual(['three'])
  expect(cut('<!-- parcels: optional -->', 'two', '<!-- /parcels -->', 'three')).toEqual(['three'])
})

it('cuts single lines', () => {
  expect(cut('| one |', '| two | <!-- parcels: optional line -->', '| three |')).toEqual([
    '| one |',
    '| three |',
  ])
})

it('leaves the parts of other services', () => {
  const lines = ['// orders: optional', 'one', '// /orders', 'parcels: optional']
  expect(cut(...lines)).toEqual(lines)
})

it('takes a whole file', () => {
  expect(cut('// parcels: optional file', 'one')).toBeUndefined()
})

it('names a part without an end', () => {
  expect(() => cut('one', '// parcels: optional', 'two')).toThrow(
    'a.ts:2: the part of parcels has no end',
  )
  const two = ['// parcels: optional', 'one', '// parcels: optional', 'two', '// /parcels']
  expect(() => cut(...two)).toThrow('a.ts:1: the part of parcels has no end')
})

it('cuts files that are gone out of lists of tests', () => {
  const row = (...tests: string[]) => `| a control | ${tests.join(', ')} |`
  const [first, second, third] = ['`a.test.ts`', '`b.test.ts`', '`c.test.tsx`']
  const cutting = (page: string, gone: string) => withoutReferences(page, (path) => path === gone)
  expect(cutting(row(first, second, third), 'a.test.ts')).toBe(row(second, third))
  expect(cutting(row(first, second, third), 'b.test.ts')).toBe(row(first, third))
  expect(cutting(row(first, second, third), 'c.test.tsx')).toBe(row(first, second))
  expect(cutting(row(first), 'a.test.ts')).toBe(row(first))
})
