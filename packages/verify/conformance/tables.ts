import { join } from 'node:path'
import { writeWhole } from '@sidecart/platform/config/files.ts'
import { withPart } from '@sidecart/platform/config/generated-section.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { lacksOf } from '@sidecart/platform/servers/registry.ts'
import { capabilities, type Kind, reasonOf } from '../../../components/capabilities.ts'
import type { Result, Shop } from './results.ts'

const kinds: readonly { kind: Kind; title: string }[] = [
  { kind: 'broker', title: 'Brokers' },
  { kind: 'state', title: 'Stores' },
]

/** The pages with tables of results, and the renderer of each table. */
const pages: Record<string, (results: readonly Result[], root: string) => string> = {
  'README.md': summary,
  'components/README.md': whole,
}

/** Writes the tables into the generated sections of the pages. */
export function writeTables(project: Project, results: readonly Result[]): void {
  for (const [page, text] of Object.entries(tablesOf(project, results)))
    writeWhole(join(project.root, page), text, 0o644)
}

/** Returns the text of each page with these results. */
export function tablesOf(project: Project, results: readonly Result[]): Record<string, string> {
  const texts = Object.entries(pages).map(([page, render]) => [
    page,
    withPart(project, page, 'conformance', render(results, project.root)),
  ])
  return Object.fromEntries(texts)
}

/** Renders one row per set. */
function summary(results: readonly Result[], root: string): string {
  const lines = results.map(({ kind, set, versions, date, shop }) => {
    const missing = Object.entries(lacksOf(kind, set, root)).map(([name, lack]) =>
      typeof lack === 'string' ? name : `${name} (sometimes)`,
    )
    const lacking = missing.join(', ') || 'nothing'
    return `| ${kind} | \`${set}\` | ${versions} | ${date} | ${lacking} | ${shop ? survived(shop) : ''} |`
  })
  const head = ['', 'set', 'tried with', 'on', 'lacks', 'whole shop, nothing lost']
  return [`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`, ...lines].join('\n')
}

const survived = ({ chaos }: Pick<Shop, 'chaos'>) =>
  `${chaos.orders} orders, ${chaos.faults} faults`

/** Renders the result of the whole shop on a set. */
function wholeShop({ on, date, seconds, systemTests, chaos }: Shop): string {
  const storm = `${survived({ chaos })} (seed ${chaos.seed}), at rest ${chaos.recoverySeconds} s later`
  return `on ${on.broker} and ${on.state}: ${systemTests} system tests, ${storm}; ${date}, ${seconds} s`
}

/** Renders the capabilities of every set, with the reason for each missing one. */
function whole(results: readonly Result[], root: string): string {
  return kinds.map(({ kind, title }) => tableOf(kind, title, results, root)).join('\n\n')
}

function tableOf(kind: Kind, title: string, all: readonly Result[], root: string): string {
  const results = all.filter((result) => result.kind === kind)
  const rows = Object.entries(capabilities[kind]).map(([name, means]) => {
    const cells = results.map(({ works }) =>
      works[name] === undefined ? '?' : works[name] ? '✓' : '–',
    )
    return `| ${name}: ${means} | ${cells.join(' | ')} |`
  })
  const reasons = results.flatMap(({ set }) =>
    Object.entries(lacksOf(kind, set, root)).map(
      ([name, lack]) => `- \`${set}\`, ${name}: ${reasonOf(lack)}`,
    ),
  )
  return [
    `| ${title} | ${results.map(({ set }) => `\`${set}\``).join(' | ')} |`,
    `|---|${results.map(() => '---|').join('')}`,
    ...rows,
    `| tried with | ${results.map(({ versions }) => versions).join(' | ')} |`,
    `| on | ${results.map(({ date, seconds }) => `${date}, ${seconds} s`).join(' | ')} |`,
    `| the whole shop | ${results.map(({ shop }) => (shop ? wholeShop(shop) : '')).join(' | ')} |`,
    '',
    ...reasons,
  ].join('\n')
}
