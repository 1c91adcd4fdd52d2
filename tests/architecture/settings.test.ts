import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { read, root } from './tree.ts'

/** Set by one part of this project for another, or by its tests. */
const internal = [
  'SIDECART_APPS_BY_NAME',
  'SIDECART_CONFORMANCE',
  'SIDECART_DRAINING',
  'SIDECART_LINKED',
  'SIDECART_TEST_POSTGRES_URL',
]
/** Schemas with a name of their own: the page describes their defaults. */
const described = ['TrustedProxies', 'ShipsTo']

const page = read('docs/settings.md')
const rows = [...page.matchAll(/^\| (`[A-Z].*?) \|.*?\|(.*?)\|/gm)].flatMap(
  ([, names = '', fallback = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => ({ name, fallback: fallback.trim() })),
)
const onPage = new Set(rows.map(({ name }) => name))

const sources = (...patterns: string[]): string[] =>
  patterns
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .filter((path) => !/node_modules|\.test\.ts$|sandbox|scaffold\/app/.test(path))
    .map((path) => readFileSync(join(root, path), 'utf8'))
const found = (texts: readonly string[], pattern: RegExp): string[][] =>
  texts.flatMap((text) => [...text.matchAll(pattern)].map(([, ...groups]) => groups as string[]))

const ofServices = found(
  sources('services/**/*.ts', 'packages/chassis/**/*.ts'),
  /\b([A-Z][A-Z0-9_]{2,}): (z\.[^\n]+|TrustedProxies|ShipsTo)/g,
).map(([name = '', schema = '']) => ({ name, schema }))

function defaultOf(schema: string): string {
  const [, value] = /\.default\((.*?)\)(?: \}|,|\)|$)/.exec(schema) ?? []
  if (value !== undefined) return value.replaceAll(/(?<=\d)_(?=\d)|'/g, '') || '–'
  return schema.includes('.optional()') ? '–' : 'required'
}

it('every variable of a service is on the page, with its default', () => {
  expect(ofServices.length).toBeGreaterThan(25)
  const wrong = ofServices.flatMap(({ name, schema }) => {
    const row = rows.find((one) => one.name === name)
    if (!row) return [`${name} is missing`]
    const fallback = row.fallback.replaceAll('`', '')
    if (described.includes(schema) || fallback === defaultOf(schema)) return []
    return [`${name}: ${fallback} on the page, ${defaultOf(schema)} in the code`]
  })
  expect(wrong).toEqual([])
})

it('every variable of a command, and of the containers, is on the page', () => {
  const ofCommands = found(sources('packages/**/*.ts'), /\b(SIDECART_[A-Z_]+)\b/g).flat()
  const ofContainers = found(sources('docker-compose*.yml'), /\$\{([A-Z_]+)/g).flat()
  const known = [...onPage, ...internal, 'COMPOSE_PROJECT_NAME']
  const names = new Set([...ofCommands, ...ofContainers])
  expect([...names].filter((name) => !known.includes(name))).toEqual([])
})

it('no variable of the page is one that nothing reads', () => {
  const all = sources(
    'packages/**/*.ts',
    'services/**/*.ts',
    'tests/**/*.ts',
    'docker-compose*.yml',
  )
  const unread = [...onPage].filter((name) => !all.some((text) => text.includes(name)))
  expect(unread).toEqual([])
})
