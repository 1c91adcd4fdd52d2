import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mutations } from '../security/mutations.ts'
import { read, root } from './tree.ts'

/** Returns the test files named on a page. */
const testsIn = (page: string) =>
  [...page.matchAll(/`([\w/.-]+\.test\.tsx?)`/g)].map(([, file = '']) => file)
const missing = (page: string) => testsIn(page).filter((file) => !existsSync(join(root, file)))

it('every test that SECURITY.md names is there', () => {
  expect(testsIn(read('SECURITY.md')).length).toBeGreaterThan(20)
  expect(missing(read('SECURITY.md'))).toEqual([])
})

it('a control whose test has gone is noticed', () => {
  expect(missing('| a control | `tests/security/gone.test.ts` |')).toEqual([
    'tests/security/gone.test.ts',
  ])
})

describe('a control that a mutation takes away', () => {
  it('is where the mutation looks for it', () => {
    const counts = mutations.map(({ control, file, from }) => [
      control,
      read(file).split(from).length - 1,
    ])
    expect(counts.filter(([, count]) => count !== 1)).toEqual([])
  })

  /** Whether a string in the file can be the test's title, or a part of the title. */
  function hasTest(file: string, name: string): boolean {
    const title = name.split(' > ').at(-1) ?? ''
    const escaped = (text: string) => text.replaceAll(/[.*+?^$()|[\]{}\\]/g, '\\$&')
    const pattern = (text: string) => new RegExp(`^${text.split('%s').map(escaped).join('.*')}$`)
    const suites = [...read(file).matchAll(/'(\.\/\S+\.suite\.ts)'/g)].map(([, path = '']) =>
      read(join(dirname(file), path)),
    )
    return [...[read(file), ...suites].join('\n').matchAll(/'(.+?)'/g)].some(
      ([, text = '']) => text.includes(title) || (text.length > 5 && pattern(text).test(title)),
    )
  }

  it('has the test that the mutation names', () => {
    const missing = mutations.filter(({ test, name }) => !hasTest(test, name))
    expect(missing.map(({ test, name }) => `${test}: ${name}`)).toEqual([])
  })
})
