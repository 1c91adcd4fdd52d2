import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readRunFile } from '../dapr-yaml.ts'
import { projectAt } from '../project.ts'
import { setsOf, withSets } from './component-sets.ts'
import { readResources } from './components.ts'
import { deadLettersOnly, withoutPublishing } from './pause-publishing.ts'

const project = projectAt()
const brokers = setsOf('broker', join(project.root, 'components'))

test('only dead letters may still be published', () => {
  expect(
    deadLettersOnly(
      'carts=carts-dead-letters-v1; users=users-registered-v1, users-dead-letters-v1;gateway=',
    ),
  ).toBe('carts=carts-dead-letters-v1;users=users-dead-letters-v1;gateway=')
})

test.each(brokers)('on %s everything is received and nothing is published', (broker) => {
  const home = mkdtempSync(join(tmpdir(), 'sidecart-test-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const there = withSets(project, readRunFile(project.runFile), { broker })
  const silent = withoutPublishing(projectAt(project.root, { home }), there)
  const [before, after] = [there, silent].map((appConfigs) =>
    readResources([...new Set(appConfigs.flatMap(({ resourcesPaths }) => resourcesPaths))]),
  )
  const names = (resources = before) => resources?.map(({ kind, metadata }) => kind + metadata.name)
  expect(names(after)).toEqual(names(before))
  const pubsub = after?.find(({ metadata }) => metadata.name === 'pubsub')
  const entries = pubsub?.spec.metadata as { name: string; value?: string }[]
  const scopes = entries.find(({ name }) => name === 'publishingScopes')?.value
  expect(scopes).toContain('orders=')
  expect(scopes).not.toContain('orders-placed-v1')
})
