import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { type Project, UserError } from '@sidecart/platform/config/project.ts'
import { regenerate } from './regenerate.ts'

/** What another project keeps of this one. */
const kept = [
  ...['chassis', 'platform', 'testing', 'maintainer', 'cli'].map((name) => `packages/${name}`),
  ...['services/gateway', 'components', '.vscode', 'LICENSE', 'biome.json', 'tsconfig.json'],
  ...['.editorconfig', '.gitattributes', '.gitignore', '.npmrc', '.nvmrc', 'sidecart'],
  'package-lock.json',
]
/** Tests of what is kept stay with this project, as do its pages and the parts that know the shop. */
const left = [
  /\.(test|suite)\.ts$/,
  /(^|\/)(README\.md|Kustomization|node_modules|\.dapr)$/,
  /^services\/gateway\/(testing|clients|order-events)\.ts$/,
  /^components\/(conformance\.json|common\/email\.yaml)$/,
]
/** Programs that are installed for this project. */
const programs = ['.sidecart/bin', '.sidecart/dapr']

type Package = { name: string; exports?: Record<string, string> } & Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>

/**
 * Starts another project in a new folder: the chassis, its tools, the gateway, and one example service with a database,
 * an event and a saga. Packages are installed, generated files are written.
 * @throws UserError when the folder is not empty, or npm fails
 */
export async function newApp(project: Project, folder: string): Promise<void> {
  const root = resolve(folder)
  const name = basename(root)
  if (!/^[a-z][a-z0-9-]{0,60}$/.test(name))
    throw new UserError(`${name} is no name of a package: lower-case letters, digits and hyphens`)
  if (existsSync(root) && readdirSync(root).length > 0) throw new UserError(`${root} is not empty`)
  copyKept(project.root, root)
  overlay(root)
  removeUnusable(root)
  writePackages(project.root, root, name)
  writeTexts(project.root, root, name)
  for (const path of programs) link(join(project.root, path), join(root, path))
  console.error('installing packages (npm ci) …')
  npm(root, 'install', '--package-lock-only', '--offline', '--ignore-scripts')
  npm(root, 'ci', '--prefer-offline', '--include=dev', '--include=optional')
  execFileSync('git', ['init', '--quiet'], { cwd: root })
  regenerate({ ...project, root })
  const biome = join(root, 'node_modules/.bin/biome')
  execFileSync(biome, ['check', '--write', '.'], { cwd: root, stdio: 'pipe' })
}

function copyKept(from: string, to: string): void {
  const isKept = (path: string) => !left.some((pattern) => pattern.test(path))
  for (const path of kept.filter((path) => existsSync(join(from, path))))
    cpSync(join(from, path), join(to, path), {
      recursive: true,
      filter: (source) => isKept(source.slice(from.length + 1)),
    })
}

/** The example service, and the files that another project has instead of those of this one. */
function overlay(root: string): void {
  const template = join(import.meta.dirname, 'app')
  cpSync(template, root, { recursive: true })
}

const importing = /(?:\bfrom|\bimport\() *'([^']+)'/g

/** Removes the files of the tools that import what is not here, and the commands made of them. */
function removeUnusable(root: string): void {
  const there = (from: string, target: string): boolean => {
    const [, name = '', rest = ''] = /^@sidecart\/([a-z]+)\/(.+)$/.exec(target) ?? []
    if (name) return ['packages', 'services'].some((at) => existsSync(join(root, at, name, rest)))
    return !target.startsWith('.') || existsSync(join(dirname(from), target))
  }
  const isUsable = (file: string): boolean =>
    [...readFileSync(file, 'utf8').matchAll(importing)].every(([, target = '']) =>
      there(file, target),
    )
  const main = join(root, 'packages/cli/main.ts')
  for (let gone = -1; gone !== 0; ) {
    const files = globSync('packages/{cli,maintainer}/**/*.ts', { cwd: root })
      // its templates import what will be beside them
      .filter((path) => !path.startsWith('packages/maintainer/scaffold/'))
      .map((path) => join(root, path))
      .filter((file) => file !== main && !isUsable(file))
    for (const file of files) rmSync(file)
    gone = files.length
  }
  const lines = readFileSync(main, 'utf8').split('\n')
  const commandOf = (line: string) => /import\('(\.\/commands\/.+)'\)/.exec(line)?.[1]
  const usable = lines.filter((line) => there(main, commandOf(line) ?? main))
  writeFileSync(main, usable.join('\n'))
}

function writePackages(from: string, to: string, name: string): void {
  const { version, type, engines, devDependencies, optionalDependencies } = read(
    from,
    'package.json',
  ) as unknown as Record<string, unknown>
  const command = (words: string) => `node packages/cli/bin.mjs ${words}`
  write(to, 'package.json', {
    ...{ name, version, private: true, type, workspaces: ['packages/*', 'services/*'], engines },
    scripts: {
      start: command('up'),
      dev: command('dev'),
      test: command('test'),
      check: command('check'),
    },
    ...{ optionalDependencies, devDependencies },
  })
  const versions = read(from, 'packages/chassis/package.json').dependencies
  const workspaces = globSync('{packages,services}/*/package.json', { cwd: to })
  const own = workspaces.map((path) => read(to, path).name)
  const usable = (dependencies: Record<string, string> = {}) =>
    Object.fromEntries(
      Object.entries(dependencies)
        .filter(([one]) => !one.startsWith('@sidecart/') || own.includes(one))
        .map(([one, given]) => [one, versions[one] ?? given]),
    )
  for (const path of workspaces) {
    const { dependencies, devDependencies, exports = {}, ...rest } = read(to, path)
    const isThere = ([file]: [string, string]) => existsSync(join(to, dirname(path), file))
    write(to, path, {
      ...rest,
      exports: Object.fromEntries(
        Object.entries(exports).filter((one) => one[0].includes('*') || isThere(one)),
      ),
      dependencies: usable(dependencies),
      ...(hasTests(join(to, dirname(path))) && { devDependencies: usable(devDependencies) }),
    })
  }
}

/** Only tests of services need what is listed for development; packages need types. */
const hasTests = (folder: string): boolean =>
  folder.includes('/packages/') || globSync('*.test.ts', { cwd: folder }).length > 0

function writeTexts(from: string, to: string, name: string): void {
  const [head] = readFileSync(join(from, 'dapr.yaml'), 'utf8').split(/^apps:$/m)
  writeFileSync(join(to, 'dapr.yaml'), `${head}apps:\n`)
  const readme = join(to, 'README.md')
  writeFileSync(readme, readFileSync(readme, 'utf8').replace('# NAME', `# ${name}`))
  write(to, 'knip.json', {
    workspaces: {
      '.': { entry: ['tests/**/*.test.ts'] },
      'packages/*': { ignoreDependencies: ['.+'] },
      'services/*': { entry: ['main.ts', 'access.ts', 'migrations/*.ts'] },
    },
    // the chassis has more than one project uses
    ignore: ['packages/**', 'components/**'],
    ignoreDependencies: ['tsx', '@biomejs/biome'],
    ignoreExportsUsedInFile: true,
  })
}

function link(from: string, to: string): void {
  if (!existsSync(from)) return
  mkdirSync(dirname(to), { recursive: true })
  symlinkSync(from, to)
}

function npm(cwd: string, ...args: string[]): void {
  try {
    execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd,
      stdio: 'pipe',
    })
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer }
    throw new UserError(`npm ${args[0]} failed in ${cwd}:\n${stderr}`, { cause: error })
  }
}

const read = (root: string, path: string): Package =>
  JSON.parse(readFileSync(join(root, path), 'utf8')) as Package

const write = (root: string, path: string, content: object): void =>
  writeFileSync(join(root, path), `${JSON.stringify(content, null, 2)}\n`)
