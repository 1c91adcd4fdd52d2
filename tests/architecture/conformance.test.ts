import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readResults } from '../../cli/conformance/results.ts'
import { tablesOf } from '../../cli/conformance/tables.ts'
import { readIfThere } from '../../cli/files.ts'
import { projectAt } from '../../cli/project.ts'
import { capabilities, type Kind, lacks } from '../../components/capabilities.ts'

const project = projectAt()
const results = readResults(project)

test.each(results.map((result) => [`${result.kind} ${result.set}`, result] as const))(
  'the last conformance run of %s tried all capabilities and saw them as they are declared',
  (_, { kind, set, works }) => {
    const declared = Object.keys(capabilities[kind as Kind]).map((name) => [
      name,
      !(name in (lacks[kind][set] ?? {})),
    ])
    expect(works).toEqual(Object.fromEntries(declared))
  },
)

test('the tables on the pages are those of the last results: npx sidecart conformance --keep', () => {
  for (const [page, text] of Object.entries(tablesOf(project, results)))
    expect(readIfThere(join(project.root, page)), page).toBe(text)
})
