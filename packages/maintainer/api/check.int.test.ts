import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inner } from '@sidecart/platform/config/manifests.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { breakingChanges } from './check.ts'
import { apiDocuments, textOf } from './documents.ts'

let root: string
const path = 'docs/openapi.json'
const [now] = Object.entries(apiDocuments()).flatMap(([at, document]) =>
  at === path ? [document as { paths: object }] : [],
)
const gone = { '/gone': { get: { tags: [inner[0]?.name], responses: {} } } }
const before = { ...now, paths: { ...now?.paths, ...gone } }
const removed = ['GET /gone was removed']

const git = (...words: string[]) => execFileSync('git', words, { cwd: root, stdio: 'ignore' })
const broken = () => breakingChanges({ root } as Project)

function commit(document: object | undefined, version = '1.0.0'): void {
  const files = { [path]: textOf(document as never), 'package.json': JSON.stringify({ version }) }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  git('add', '.')
  const author = ['-c', 'user.name=A', '-c', 'user.email=a@example.com']
  git(...author, 'commit', '--allow-empty', '--quiet', '--message', 'a change')
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sidecart-contracts-'))
  git('init', '--quiet')
})
afterEach(() => rmSync(root, { recursive: true }))

test('before the first release, what breaks the last commit is named once', () => {
  commit(before)
  expect(broken()).toEqual(removed)
  commit(now)
  expect(broken()).toEqual(removed)
  commit(now)
  expect(broken()).toEqual([])
})

test('what breaks the last release is named until there is another major version', () => {
  commit(before)
  git('tag', 'v1.0.0')
  commit(now)
  commit(now)
  expect(broken()).toEqual(removed)
  commit(now, '2.0.0')
  expect(broken()).toEqual([])
})

test('what was never released can go, and other tags are no releases', () => {
  commit(now)
  git('tag', 'v1.0.0')
  commit(before)
  git('tag', 'nightly')
  expect(broken()).toEqual([])
})

test('without a repository nothing is compared', () => {
  rmSync(join(root, '.git'), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{"version":"1.0.0"}')
  expect(broken()).toEqual([])
})
