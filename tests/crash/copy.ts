import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { filesBelow, read, root } from '../architecture/tree.ts'

/** A crash point in the source. `text` is the inside of a template literal. */
export type Point = { file: string; text: string }

const comment = /^( *)\/\/ crash point: (.+)$/gm
const tests = /\.(test|suite)\.ts$/
const shipped = ['packages/chassis', 'services']

const sources = (): string[] =>
  shipped.flatMap((folder) => filesBelow(folder, /\.ts$/)).filter((path) => !tests.test(path))

/** Returns every crash point of the shop, as written in the source. */
export function crashPoints(): Point[] {
  return sources().flatMap((file) =>
    [...read(file).matchAll(comment)].map(([, , text = '']) => ({ file, text })),
  )
}

/** Returns a predicate on the names of passes, true for passes of this crash point. */
export function isPassOf({ text }: Point): (name: string) => boolean {
  const [before = '', after] = text.split(/\$\{.*\}/).map((part) => part.trim())
  return (name) =>
    after === undefined ? name === before : name.startsWith(before) && name.endsWith(after)
}

/** Folders shared by copy and checkout: programs, packages, built pages. */
const shared = ['web', '.sidecart/bin', '.sidecart/dapr', '.sidecart/cache']

/**
 * Copies files and folders of the checkout into `to`, which is emptied first, and links the shared
 * folders and the installed packages.
 */
export function copyCheckout(to: string, paths: readonly string[]): void {
  rmSync(to, { recursive: true, force: true })
  mkdirSync(join(to, '.sidecart'), { recursive: true })
  mkdirSync(join(root, '.sidecart/cache'), { recursive: true })
  for (const path of paths)
    cpSync(join(root, path), join(to, path), { recursive: true, preserveTimestamps: true })
  for (const path of shared)
    if (existsSync(join(root, path))) symlinkSync(join(root, path), join(to, path))
  linkPackages(to)
}

/** Copies the whole shop into `to`, with separate data and a call in place of each crash point. */
export function copyShop(to: string): void {
  copyCheckout(to, [...shipped, 'components', 'dapr.yaml', 'package.json'])
  mkdirSync(join(to, '.sidecart/crash'))
  cpSync(join(import.meta.dirname, 'crash-point.ts'), join(to, 'crash-point.ts'))
  for (const file of sources()) writeFileSync(join(to, file), planted(file, read(file)))
  patch(join(to, 'dapr.yaml'), 'appHealthThreshold: 3', 'appHealthThreshold: 15')
}

/** Links the installed packages; the project's own packages are linked to their copies. */
function linkPackages(to: string): void {
  const modules = join(to, 'node_modules')
  const own = join(root, 'node_modules/@sidecart')
  mkdirSync(join(modules, '@sidecart'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@sidecart') symlinkSync(join(root, 'node_modules', name), join(modules, name))
  for (const name of readdirSync(own)) {
    const copied = join(to, relative(root, realpathSync(join(own, name))))
    if (existsSync(copied)) symlinkSync(copied, join(modules, '@sidecart', name))
  }
}

/** Replaces a text occurring exactly once in a file. Returns a function restoring the file. */
export function patch(file: string, from: string, to: string): () => void {
  const text = readFileSync(file, 'utf8')
  const found = text.split(from).length - 1
  if (found !== 1) throw new Error(`${file} has ${found} times, not once: ${from}`)
  writeFileSync(
    file,
    text.replace(from, () => to),
  )
  return () => writeFileSync(file, text)
}

/** Keeps the number of lines and replaces crash point comments by calls. */
function planted(file: string, text: string): string {
  const calls = text.replaceAll(comment, (_, indent, name) => `${indent};crashPoint(\`${name}\`)`)
  if (calls === text) return text
  const path = relative(dirname(file), 'crash-point.ts')
  return `import { crashPoint } from '${path.startsWith('.') ? path : `./${path}`}';${calls}`
}
