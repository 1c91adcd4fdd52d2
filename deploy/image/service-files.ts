import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/**
 * Copies to a folder what the image of one service holds of this project: the chassis, the service, and of other services
 * the contracts that it imports. Tests stay behind. Their package.json and the lock file name only the packages that
 * these files import.
 *
 * Usage: service-files.ts SERVICE FOLDER
 */
const [service = '', target = ''] = process.argv.slice(2)
const root = join(import.meta.dirname, '../..')
const own = ['packages/chassis', `services/${service}`]
const isOwn = (file: string) => own.some((folder) => file.startsWith(`${folder}/`))
const read = (file: string) => readFileSync(join(root, file), 'utf8')

for (const folder of own)
  cpSync(join(root, folder), join(target, folder), {
    recursive: true,
    filter: (path) => !/node_modules|\.(test|suite)\.ts$|\/test(ing|kit)\.ts$/.test(path),
  })
/** Packages that the files of another service import, by its folder. */
const needed = new Map<string, Set<string>>()
const reached = new Set<string>()
follow(`services/${service}/main.ts`)

const lock = JSON.parse(read('package-lock.json'))
for (const [folder, packages] of needed) {
  const manifest = JSON.parse(read(`${folder}/package.json`))
  const kept = Object.entries(manifest.dependencies ?? {}).filter(([name]) => packages.has(name))
  const dependencies = Object.fromEntries(kept)
  const { devDependencies: _, ...others } = manifest
  write(`${folder}/package.json`, { ...others, dependencies })
  lock.packages[folder] = { name: manifest.name, version: manifest.version, dependencies }
}
write('package-lock.json', lock)
write('package.json', JSON.parse(read('package.json')))
if (service === 'gateway')
  cpSync(join(root, 'web/dist'), join(target, 'web/dist'), { recursive: true })

/** Copies a file of another service, and what the file imports at run time. */
function follow(file: string): void {
  if (reached.has(file)) return
  reached.add(file)
  const folder = file.split('/', 2).join('/')
  if (!isOwn(file)) {
    mkdirSync(dirname(join(target, file)), { recursive: true })
    cpSync(join(root, file), join(target, file))
    if (!needed.has(folder)) needed.set(folder, new Set())
  }
  for (const specifier of importsOf(read(file))) {
    if (specifier.startsWith('.')) follow(normalize(join(dirname(file), specifier)))
    else {
      const [scope = '', name = '', ...path] = specifier.split('/')
      needed.get(folder)?.add(scope.startsWith('@') ? `${scope}/${name}` : scope)
      if (scope === '@sidecart')
        follow([name === 'chassis' ? 'packages' : 'services', name, ...path].join('/'))
    }
  }
}

/** Returns what a file imports at run time. */
function importsOf(text: string): string[] {
  const statements = text.matchAll(
    /^(?:import|export)\s+(?!type\s)[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm,
  )
  return [...statements].map(([, one, two, three]) => one ?? two ?? three ?? '')
}

function write(file: string, content: unknown): void {
  mkdirSync(dirname(join(target, file)), { recursive: true })
  writeFileSync(join(target, file), `${JSON.stringify(content, null, 2)}\n`)
}
