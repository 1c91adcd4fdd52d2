import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readIfThere } from '@sidecart/platform/config/files.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { apiPages } from '../api/documents.ts'
import { architectureDrawing } from '../architecture.ts'
import { brokers } from './brokers.ts'
import { compose } from './compose.ts'
import { configurations } from './configurations.ts'
import { editor } from './editor.ts'
import { gatewayRoutes } from './gateway.ts'
import type { GeneratedFiles } from './generated-file.ts'
import { kubernetes } from './kubernetes.ts'
import { nginx } from './nginx.ts'
import { observability } from './observability.ts'
import { pins } from './pins.ts'
import { ports } from './ports.ts'
import { prometheus } from './prometheus.ts'
import { readme } from './readme.ts'
import { runFile } from './run-file.ts'
import { scopes } from './scopes.ts'

/** One generator per consumer of the manifests. Several may each write a part of the same file. */
const generators: readonly ((project: Project) => GeneratedFiles)[] = [
  runFile,
  configurations,
  brokers,
  scopes,
  gatewayRoutes,
  compose,
  kubernetes,
  editor,
  prometheus,
  observability,
  nginx,
  apiPages,
  architectureDrawing,
  pins,
  ports,
  readme,
]

/** Returns the files that differ from the manifests and contracts, with their text; `undefined`: to be removed. */
export function staleFiles(project: Project): Map<string, string | undefined> {
  const texts = new Map<string, string | undefined>()
  const present = (path: string) => readIfThere(join(project.root, path))
  for (const files of generators.map((generator) => generator(project)))
    for (const [path, generate] of Object.entries(files))
      texts.set(path, generate(texts.has(path) ? texts.get(path) : present(path)))
  return new Map([...texts].filter(([path, text]) => text !== present(path)).sort())
}

/** Writes or removes the stale files and returns their paths. */
export function generate(project: Project): string[] {
  const stale = staleFiles(project)
  for (const [path, text] of stale) {
    const file = join(project.root, path)
    mkdirSync(dirname(file), { recursive: true })
    if (text === undefined) rmSync(file)
    else writeFileSync(file, text)
  }
  return [...stale.keys()]
}
