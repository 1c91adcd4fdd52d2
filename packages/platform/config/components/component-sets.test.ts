import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRunFile } from '../dapr-yaml.ts'
import { projectAt } from '../project.ts'
import { asFlags, chosen, setAmong, withSets } from './component-sets.ts'

const project = projectAt()
const appConfigs = readRunFile(project.runFile)
const foldersOf = (choice: Parameters<typeof withSets>[2]) =>
  [
    ...new Set(
      withSets(project, appConfigs, choice).flatMap(({ resourcesPaths }) => resourcesPaths),
    ),
  ]
    .map((path) => path.slice(join(project.root, 'components/').length))
    .sort()

test('without a choice the sets are those of dapr.yaml', () => {
  expect(foldersOf({})).toEqual(['common', 'pubsub-jetstream', 'secrets-file', 'state-postgresql'])
})

test('broker and store are chosen independently', () => {
  expect(foldersOf({ broker: 'redis' })).toContain('pubsub-redis')
  expect(foldersOf({ broker: 'redis' })).toContain('state-postgresql')
  expect(foldersOf({ state: 'redis', secrets: 'env' })).toEqual([
    'common',
    'pubsub-jetstream',
    'secrets-env',
    'state-redis',
  ])
})

test('a set that is not there is refused with those that are', () => {
  expect(() => withSets(project, appConfigs, { broker: 'pigeon' })).toThrow(
    /there is no broker set pigeon in components\/: .*jetstream, .*redis/,
  )
})

test('a folder that dapr.yaml does not have cannot be swapped', () => {
  const bare = appConfigs.map((appConfig) => ({
    ...appConfig,
    resourcesPaths: ['/x/components/common'],
  }))
  expect(() => withSets(project, bare, { broker: 'redis' })).toThrow(
    /gateway has no pubsub-… folder/,
  )
})

test('the command line wins over the environment, and can be handed on', () => {
  const env = { SIDECART_BROKER: 'redis', SIDECART_STATE: '' }
  expect(chosen({}, env)).toEqual({ broker: 'redis' })
  expect(chosen({ broker: 'jetstream', secrets: 'env' }, env)).toEqual({
    broker: 'jetstream',
    secrets: 'env',
  })
  expect(asFlags({ broker: 'redis', state: 'redis' })).toEqual([
    '--broker',
    'redis',
    '--state',
    'redis',
  ])
})

test('the set in use is told by its folder', () => {
  expect(setAmong('broker', ['/shop/components/common', '/shop/components/pubsub-redis'])).toBe(
    'redis',
  )
  expect(setAmong('state', ['/shop/components/common'])).toBeUndefined()
})
