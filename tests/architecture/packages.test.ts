import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  architecturePage,
  architecturePageOf,
  packageEdges,
} from '@sidecart/maintainer/architecture.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { describe, expect, it } from 'vitest'
import { filesBelow, foldersIn, importsOf, read, root } from './tree.ts'

const tests = /\.(test|suite)\.ts$|\/testing\.ts$|\/testkit\.ts$/
const layers = [
  'chassis',
  'services',
  'platform',
  'client',
  'testing',
  'verify',
  'operations',
  'maintainer',
  'cli',
]
const sources = [...foldersIn('packages').map((name) => `packages/${name}`), 'services'].flatMap(
  (folder) => filesBelow(folder, /\.ts$/).filter((path) => !tests.test(path)),
)
const files = ['bench', 'deploy', 'packages', 'services', 'tests', 'web'].flatMap((folder) =>
  filesBelow(folder, /\.(ts|tsx|mjs)$/),
)
const imports = sources
  .flatMap(importsOf)
  .filter(({ target }) => /^(packages|services|tests|bench|web)\//.test(target))

describe('packages', () => {
  it('use only packages of lower layers', () => {
    const upwards = [...packageEdges(root)].flatMap(([from, used]) =>
      used
        .filter((to) => layers.indexOf(to) >= layers.indexOf(from))
        .map((to) => `${from} → ${to}`),
    )
    expect(layers.toSorted()).toEqual([...packageEdges(root).keys()].toSorted())
    expect(upwards).toEqual([])
  })

  it('are drawn in the architecture page as they are (if not: ./sidecart generate)', () => {
    expect(read(architecturePage)).toBe(architecturePageOf(projectAt()))
  })

  it('that ship import nothing from tests, bench or the web app', () => {
    expect(
      imports
        .filter(({ target }) => /^(tests|bench|web)\//.test(target))
        .map(({ from, target }) => `${from} → ${target}`),
    ).toEqual([])
  })

  it('have no circle of files', () => {
    const graph = new Map<string, string[]>()
    for (const { from, target, typeOnly } of imports)
      if (!typeOnly) graph.set(from, [...(graph.get(from) ?? []), target])
    expect(circles(graph)).toEqual([])
  })
})

describe('folders', () => {
  it('of sources have at most 20 files, tests beside them not counted', () => {
    expect(crowded(files.filter((path) => !tests.test(path)))).toEqual([])
  })

  it('of tests have at most 20 files', () => {
    expect(crowded(files.filter((path) => /^tests\//.test(path)))).toEqual([])
  })
})

/** Returns the folders that hold more than 20 of the files, with the number of files. */
function crowded(paths: string[]): string[] {
  return [...Map.groupBy(paths, dirname)]
    .filter(([, { length }]) => length > 20)
    .map(([folder, { length }]) => `${folder}: ${length}`)
}

/** Returns groups of files importing each other, directly or indirectly. */
function circles(graph: Map<string, string[]>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const walk = (file: string, path: string[]): void => {
    if (path.includes(file)) return void found.push([...path.slice(path.indexOf(file)), file])
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) walk(next, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) walk(file, [])
  return found
}

describe('the template of another project', () => {
  it('replaces files of this one, where they are', () => {
    const template = 'packages/maintainer/scaffold/app/'
    const replacing = filesBelow(`${template}packages`).map((path) => path.slice(template.length))
    expect(replacing.length).toBeGreaterThan(1)
    expect(replacing.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
})
