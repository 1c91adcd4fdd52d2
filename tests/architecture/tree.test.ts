import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { documents, filesBelow, foldersIn, importsOf, read, root } from './tree.ts'

type AppConfig = {
  appID: string
  appDirPath: string
  appPort: number
  configFilePath: string
} & Record<string, unknown>
const appConfigs = (parse(read('dapr.yaml')) as { apps: AppConfig[] }).apps
const services = foldersIn('services')
const source = /\.ts$/
const tests = /\.(test|suite)\.ts$/
const production = (folder: string) =>
  filesBelow(folder, source).filter((path) => !tests.test(path))

describe('the tree is the architecture', () => {
  it('one folder in services/ is one appConfig in dapr.yaml with that app-id', () => {
    expect(appConfigs.map(({ appID }) => appID).sort()).toEqual(services)
    for (const { appID, appDirPath } of appConfigs) expect(appDirPath).toBe(`services/${appID}`)
  })

  it('no two processes share a port', () => {
    const ports = appConfigs.flatMap((appConfig) =>
      ['appPort', 'daprHTTPPort', 'daprGRPCPort', 'daprInternalGRPCPort', 'metricsPort'].map(
        (name) => appConfig[name],
      ),
    )
    expect(new Set(ports).size).toBe(appConfigs.length * 5)
  })

  it('the README’s table names every service', () => {
    for (const service of services)
      expect(read('README.md')).toContain(`| [\`${service}\`](services/${service}/) |`)
  })

  it('every service has a README, a main, an app, and a configuration of its own', () => {
    for (const { appID, configFilePath } of appConfigs) {
      for (const file of ['README.md', 'main.ts', 'app.ts'])
        expect(existsSync(join(root, 'services', appID, file)), `services/${appID}/${file}`).toBe(
          true,
        )
      const configuration = `components/common/configuration/${appID}.yaml`
      expect(configFilePath).toBe(`../../${configuration}`)
      expect(documents(configuration)[0]).toMatchObject({
        kind: 'Configuration',
        metadata: { name: appID },
      })
    }
  })

  it('a service README has at most 40 lines', () => {
    for (const service of services)
      expect(read(`services/${service}/README.md`).split('\n').length, service).toBeLessThanOrEqual(
        41,
      )
  })

  it('a service with a store has migrations, and the other way round', () => {
    for (const service of services) {
      const usesDatabase = /openDatabase/.test(read(`services/${service}/main.ts`))
      expect(existsSync(join(root, `services/${service}/migrations/index.ts`)), service).toBe(
        usesDatabase,
      )
    }
  })
})

describe('dependencies point inward', () => {
  it('services meet only through contract.ts', () => {
    const crossings = production('services')
      .flatMap(importsOf)
      .filter(
        ({ from, target }) =>
          target.startsWith('services/') && target.split('/')[1] !== from.split('/')[1],
      )
      .filter(({ target }) => basename(target) !== 'contract.ts')
    expect(crossings).toEqual([])
  })

  it('the chassis imports no service', () => {
    expect(
      production('packages/chassis')
        .flatMap(importsOf)
        .filter(({ target }) => /^(services|tests|packages\/(?!chassis\/))/.test(target)),
    ).toEqual([])
  })

  it('domain.ts imports only contracts and the pure parts of the chassis', () => {
    const pure =
      /^(services\/[a-z]+\/(contract|domain)\.ts|packages\/chassis\/(core\/errors|contract\/(money|event|openapi)|http\/etags)\.ts)$/
    const impure = services
      .map((service) => `services/${service}/domain.ts`)
      .filter((path) => existsSync(join(root, path)))
      .flatMap(importsOf)
      .filter(({ target }) => !pure.test(target))
    expect(impure).toEqual([])
  })

  it('domain.ts does not wait, and knows no clock, id or logger', () => {
    for (const service of services) {
      const path = `services/${service}/domain.ts`
      if (existsSync(join(root, path)))
        expect(read(path), path).not.toMatch(
          /\bawait\b|Date\.now\(|new Date\(\)|Math\.random|randomUUID|console\./,
        )
    }
  })

  it('only stores and migrations know the database library', () => {
    const others = production('services')
      .flatMap(importsOf)
      .filter(({ target }) => /^(kysely|pg)(\/|$)/.test(target))
      .filter(({ from }) => !/\/(store(\.ts$|\/)|migrations\/)/.test(from))
    expect(others).toEqual([])
  })

  it('one file of the chassis imports the Dapr SDK', () => {
    const importers = ['packages/chassis', 'services']
      .flatMap(production)
      .flatMap(importsOf)
      .filter(({ target }) => target.startsWith('@dapr/'))
    expect(importers.map(({ from }) => from)).toEqual(['packages/chassis/sidecar/dapr-sdk.ts'])
  })

  it('nothing imports a main.ts', () => {
    const importers = ['services', 'packages', 'tests']
      .flatMap((folder) => filesBelow(folder, source))
      .flatMap(importsOf)
    expect(
      importers.filter(
        ({ target }) => basename(target) === 'main.ts' && target.startsWith('services/'),
      ),
    ).toEqual([])
  })

  it('services name no broker and no store product', () => {
    const allowed =
      /\/(store(\.ts$|\/)|store\..*\.ts$|migrations\/)|\.int\.test\.ts$|\/store\.test\.ts$/
    const named = filesBelow('services')
      .filter((path) => !allowed.test(path))
      .filter((path) => /redis|rabbit|kafka|nats|jetstream|postgres/i.test(read(path)))
    expect(named).toEqual([])
  })
})
