import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { read, root } from './tree.ts'

/** Requirements of levels 1 and 2 in each section of ASVS 5.0.0; they are the first ones of their section. */
const sections: Record<string, readonly number[]> = {
  V1: [2, 9, 11, 3, 2],
  V2: [3, 3, 4, 1],
  V3: [0, 2, 4, 6, 5, 0, 2],
  V4: [3, 1, 2, 4],
  V5: [1, 3, 2, 3],
  V6: [3, 12, 4, 4, 5, 3, 0, 4],
  V7: [3, 4, 2, 5, 2, 2],
  V8: [2, 3, 1, 1],
  V9: [3, 4],
  V10: [2, 2, 4, 11, 5, 2, 3],
  V11: [2, 3, 3, 4, 1, 1],
  V12: [3, 2, 4],
  V13: [1, 5, 2, 5],
  V14: [2, 4, 3],
  V15: [3, 3, 7],
  V16: [1, 5, 4, 3, 3],
  V17: [1, 4, 2],
}
const standard = Object.entries(sections).flatMap(([chapter, sizes]) =>
  sizes.flatMap((size, index) =>
    Array.from({ length: size }, (_, number) => `${chapter.slice(1)}.${index + 1}.${number + 1}`),
  ),
)

const page = read('docs/asvs.md')
const rows = [
  ...page.matchAll(/^\| (\d+\.\d+\.\d+) \| .+? \| (tested|met|not met) \| (.+) \|$/gm),
].map(([, id = '', state = '', how = '']) => ({ id, state, how }))
const foreign = [
  ...page.matchAll(/^\| (\d+\.\d+\.\d+(?:, \d+\.\d+\.\d+)*) \| [^|]+ \|$/gm),
].flatMap(([, ids = '']) => ids.split(', '))
const inState = (wanted: string) => rows.filter(({ state }) => state === wanted).length
const figure = (title: string) =>
  Number(new RegExp(`^\\| ${title} \\| (\\d+) \\|$`, 'm').exec(page)?.[1])

it('every requirement of levels 1 and 2 is on the page, once', () => {
  expect(standard).toHaveLength(253)
  expect([...rows.map(({ id }) => id), ...foreign].toSorted()).toEqual(standard.toSorted())
})

it('the figures at the top are those of the tables', () => {
  expect(page).toContain(`${rows.length} apply to this shop`)
  expect({
    tested: figure('tested'),
    met: figure('met, without a test'),
    notMet: figure('not met'),
    foreign: figure('do not apply'),
  }).toEqual({
    tested: inState('tested'),
    met: inState('met'),
    notMet: inState('not met'),
    foreign: foreign.length,
  })
})

it('SECURITY.md has the same figures', () => {
  const [tested, met, notMet] = [inState('tested'), inState('met'), inState('not met')]
  expect(read('SECURITY.md').replaceAll('\n', ' ')).toContain(
    `of ${rows.length} requirements that apply, ${tested} are tested, ${met} met without a test, ${notMet} not met`,
  )
})

it('what is tested names test files that are there', () => {
  const tested = rows.filter(({ state }) => state === 'tested')
  const files = ({ how }: { how: string }) => how.split(', ').map((name) => name.slice(1, -1))
  const wrong = tested.flatMap((row) =>
    files(row)
      .filter((file) => !/\.test\.tsx?$/.test(file) || !existsSync(join(root, file)))
      .map((file) => `${row.id}: ${file}`),
  )
  expect(wrong).toEqual([])
})
