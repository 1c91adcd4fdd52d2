import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'

/** The project's root folder. */
export const root = normalize(join(dirname(fileURLToPath(import.meta.url)), '../..'))

/** Returns files below a folder, as paths from the root. */
export function filesBelow(folder: string, matching = /./): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => matching.test(path) && !/node_modules|\.dapr/.test(path))
    .sort()
}

export const foldersIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()

export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

export type Resource = {
  kind: string
  metadata: { name: string }
  scopes?: string[]
  auth?: { secretStore?: string }
  spec: Record<string, unknown>
}

/** Returns every YAML document of a file. */
export const documents = (path: string): Resource[] =>
  parseAllDocuments(read(path)).map((document) => document.toJS() as Resource)

/** Folder of each package of the project, by package name. */
const packages = new Map(
  foldersIn('packages')
    .map((name) => `packages/${name}`)
    .concat(foldersIn('services').map((name) => `services/${name}`))
    .map((folder): [string, string] => [
      `@sidecart/${folder.slice(folder.indexOf('/') + 1)}`,
      folder,
    ]),
)

function pathInPackage(specifier: string): string | undefined {
  const [scope, name, ...path] = specifier.split('/')
  const folder = packages.get(`${scope}/${name}`)
  return folder && [folder, ...path].join('/')
}

export type Import = { from: string; specifier: string; target: string; typeOnly: boolean }

/**
 * Returns the imports of a TypeScript file. `target` is a path from the root for relative imports,
 * otherwise the package name.
 */
export function importsOf(path: string): Import[] {
  const statements = read(path).matchAll(
    /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm,
  )
  return [...statements].map(([, typeOnly, one, two, three]) => {
    const specifier = one ?? two ?? three ?? ''
    const target = specifier.startsWith('.')
      ? normalize(join(dirname(path), specifier))
      : (pathInPackage(specifier) ?? specifier)
    return { from: path, specifier, target, typeOnly: Boolean(typeOnly) }
  })
}
