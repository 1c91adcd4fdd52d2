import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'
import { describe, expect, it } from 'vitest'
import { read, root } from './tree.ts'

/** Replaced words and their replacements (docs/glossary.md). */
const replaced: [RegExp, string][] = [
  [/\bfacts?\b/i, 'event'],
  [/\bstanzas?\b/i, 'app config'],
  [/\bunheard\b|\bhears (an|the|every) event/i, 'receive, consume'],
  [/\bsays? (an|the|every) events?\b/i, 'publish'],
  [/\bsecond tr(y|ies)\b/i, 'retry'],
  [/\bputs? aside\b/i, 'store'],
  [/\bwhoever\b/i, 'anyone who'],
  [/\bin vain\b/i, 'without success'],
  [/\banew\b(?![:,} ]|\))/i, 'again'],
  [/\b(the|our) books\b|\bbooksAgree\b/i, 'ledger, invariants'],
  [/(?<!-)\bdoor\b/, 'gateway'],
  [/^\s*(\/\*\*|\*|\/\/) Answers /, 'Returns'],
  [/\b(Advice|Announcement|createHearing|createSecondTries|PreparingClient|Postman|Cashier)\b/, ''],
]
const allowed = /\b(in|matter of|is a) fact\b|factor/i

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
}).split('\n')
const files = tracked
  .filter((path) => /\.(ts|tsx|mjs|md|ya?ml)$/.test(path) && existsSync(join(root, path)))
  .filter(
    (path) => !/^(CHANGELOG\.md|docs\/adr\/|tests\/architecture\/words)|migrations\//.test(path),
  )

describe('words that were replaced', () => {
  it.each(replaced)('%s does not come back', (pattern) => {
    const found = files.flatMap((path) =>
      read(path)
        .split('\n')
        .flatMap((line, index) =>
          pattern.test(line) && !allowed.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
        ),
    )
    expect(found).toEqual([])
  })

  it('a cart is called a cart', () => {
    const others = /infuser basket|sidecart\.basket/g
    const found = files.filter((path) => /basket/i.test(read(path).replace(others, '')))
    expect(found).toEqual([])
  })
})

describe('the glossary', () => {
  it('names only files and folders that exist', () => {
    const paths = [
      ...read('docs/glossary.md').matchAll(
        /`((?:packages|services|components|tests)\/[\w./*-]+)`/g,
      ),
    ].map(([, path = '']) => path)
    expect(paths.length).toBeGreaterThan(20)
    expect(
      paths.filter(
        (path) =>
          !tracked.some((file) => file.startsWith(path) || matchesGlob(file, `${path}{,/**}`)),
      ),
    ).toEqual([])
  })
})
