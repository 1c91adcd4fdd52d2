import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { read, root } from './tree.ts'

/** The files that a page names as tests. */
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
