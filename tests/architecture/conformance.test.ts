import { join } from 'node:path'
import { setsOf } from '@sidecart/platform/config/components/component-sets.ts'
import { readIfThere } from '@sidecart/platform/config/files.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { lacksOf } from '@sidecart/platform/servers/registry.ts'
import { readResults } from '@sidecart/verify/conformance/results.ts'
import { tablesOf } from '@sidecart/verify/conformance/tables.ts'
import { expect, test } from 'vitest'
import { readSets } from '../../bench/sets/sets.ts'
import { pageWith } from '../../bench/sets/table.ts'
import { capabilities, type Kind } from '../../components/capabilities.ts'

const project = projectAt()
const results = readResults(project)

test.each(results.map((result) => [`${result.kind} ${result.set}`, result] as const))(
  'the last conformance run of %s tried all capabilities and saw them as they are declared',
  (_, { kind, set, works }) => {
    const lacking = lacksOf(kind, set, project.root)
    for (const name of Object.keys(capabilities[kind as Kind])) {
      const lack = lacking[name]
      if (typeof lack === 'object') expect(works, name).toHaveProperty(name)
      else expect(works[name], name).toBe(lack === undefined)
    }
  },
)

test('the tables on the pages are those of the last results: ./sidecart conformance --keep', () => {
  for (const [page, text] of Object.entries(tablesOf(project, results)))
    expect(readIfThere(join(project.root, page)), page).toBe(text)
})

test('the table of what sets cost is that of the last run: npm run bench -- --sets', () => {
  const page = 'components/README.md'
  expect(pageWith(project, readSets(project))).toBe(readIfThere(join(project.root, page)))
})

test('every broker and every store has carried the whole shop through a storm', () => {
  for (const { set, shop } of results) expect(shop?.failures, set).toEqual([])
  const tried = (kind: Kind) => results.filter((one) => one.kind === kind).map(({ set }) => set)
  for (const kind of ['broker', 'state'] as const)
    expect(tried(kind)).toEqual(setsOf(kind, join(project.root, 'components')))
})
