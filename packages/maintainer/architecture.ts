import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withPart } from '@sidecart/platform/config/generated-section.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { type GeneratedFiles, ifThere } from './generate/generated-file.ts'

type Manifest = { name: string; dependencies?: Record<string, string> }

/** The page with the drawing of the package dependencies. */
export const architecturePage = 'docs/architecture.md'

/**
 * Returns the project packages used by each package of `packages/`, from its package.json; all services are one node.
 */
export function packageEdges(root: string): Map<string, string[]> {
  const services = new Set(readdirSync(join(root, 'services')))
  const edges = new Map<string, Set<string>>()
  for (const folder of ['packages', 'services'])
    for (const name of readdirSync(join(root, folder))) {
      const { dependencies = {} } = JSON.parse(
        readFileSync(join(root, folder, name, 'package.json'), 'utf8'),
      ) as Manifest
      const from = services.has(name) ? 'services' : name
      const used = edges.get(from) ?? new Set()
      for (const dependency of Object.keys(dependencies).filter((one) =>
        one.startsWith('@sidecart/'),
      )) {
        const to = dependency.slice('@sidecart/'.length)
        if (!services.has(to) || from !== 'services') used.add(services.has(to) ? 'services' : to)
      }
      edges.set(from, used)
    }
  return new Map([...edges].sort().map(([from, to]) => [from, [...to].sort()]))
}

/** Returns the page with the drawing derived from the package.json files. */
export function architecturePageOf(project: Project): string {
  const lines = [...packageEdges(project.root)].flatMap(([from, to]) =>
    to.map((one) => `  ${from} --> ${one}`),
  )
  return withPart(
    project,
    architecturePage,
    'packages',
    ['```mermaid', 'flowchart TD', ...lines, '```'].join('\n'),
  )
}

export const architectureDrawing = (project: Project): GeneratedFiles => ({
  [architecturePage]: ifThere(() => architecturePageOf(project)),
})
