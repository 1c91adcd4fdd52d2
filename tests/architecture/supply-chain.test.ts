import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { lintSource } from '@secretlint/core'
import { creator as recommended } from '@secretlint/secretlint-rule-preset-recommend'
import { expect, it } from 'vitest'
import { foldersIn, read, root } from './tree.ts'

type Package = { dependencies: Record<string, string> }

const config = {
  rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: recommended }],
}

/** Replaced by `login` below, which finds connection strings with generated passwords only. */
const takesExamplesForLeaks = /database-connection-string$/

/** Returns the findings of a secret scanner in a text, such as `AWSSecretAccessKey: found …`. */
async function secretsIn(filePath: string, content: string): Promise<string[]> {
  const result = await lintSource({
    source: { filePath, content, contentType: 'text', ext: '.txt' },
    options: { config: config as never, maskSecrets: true },
  })
  return result.messages
    .filter(({ ruleId }) => !takesExamplesForLeaks.test(ruleId))
    .map(({ ruleId, message }) => `${ruleId}: ${message}`)
}

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 30 })

/** A fake GitHub token. Concatenated here, so that no scanner reports this file. */
const token = `ghp_${'aB3dE6gH9'.repeat(4)}`
/**
 * User and password of a connection string. Matches generated secrets, not words used as examples.
 */
const login = /\b[a-z]+:\/\/[\w.-]+:([\w-]{24,})@/g

/** The samples in this file look like secrets. */
const self = 'tests/architecture/supply-chain.test.ts'

it('no commit ever added a secret', async () => {
  const skipped = [
    ':!package-lock.json',
    ':!*.sum',
    ':!*.jpg',
    ':!*.svg',
    ':!bench/results',
    `:!${self}`,
  ]
  const added = git(
    'log',
    '--all',
    '--no-color',
    '--unified=0',
    '--format=',
    '-p',
    '--',
    ...skipped,
  )
    .split('\n')
    .filter((line) => line.startsWith('+'))
    .join('\n')
  expect(added.length).toBeGreaterThan(1_000_000)
  expect(await secretsIn('history', added)).toEqual([])
  expect([...added.matchAll(login)].map(([found]) => found)).toEqual([])
})

it('a secret that was committed would be found', async () => {
  expect(await secretsIn('history', `+const key = '${token}'`)).not.toEqual([])
  expect(`+nats://sidecart:${'aB3-dE6_gH9'.repeat(3)}@127.0.0.1`).toMatch(login)
})

it('the bill of materials lists every package that ships, with its checksum', () => {
  const bill = JSON.parse(
    execFileSync('npm', ['run', '--silent', 'sbom', '--', '--package-lock-only'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    }),
  ) as { bomFormat: string; components: { purl: string; hashes?: unknown[] }[] }
  expect(bill.bomFormat).toBe('CycloneDX')
  const listed = bill.components.map(({ purl }) => decodeURIComponent(purl))
  const shipped = ['packages/chassis', ...foldersIn('services').map((name) => `services/${name}`)]
    .map((folder) => JSON.parse(read(`${folder}/package.json`)) as Package)
    .flatMap(({ dependencies }) => Object.entries(dependencies))
    .map(([name, version]) => `pkg:npm/${name}@${version}`)
  expect(listed).toEqual(expect.arrayContaining(shipped))
  const foreign = bill.components.filter(({ purl }) => !purl.startsWith('pkg:npm/%40sidecart/'))
  expect(foreign.length).toBeGreaterThan(shipped.length)
  expect(foreign.filter(({ hashes }) => !hashes?.length)).toEqual([])
})

it('nobody is told to run the command by npx, which elsewhere runs an unrelated package', () => {
  const byNpx = /\bnpx (-\S+ )*sidecart\b|\bnpm (exec|x) (-\S+ )*sidecart\b/
  const warning = /takes the place of `npx sidecart COMMAND`/
  const told = git('ls-files', '--cached', '--others', '--exclude-standard')
    .split('\n')
    .filter((path) => existsSync(join(root, path)))
    .filter((path) => path !== self && /\.(md|ts|tsx|mjs|json|ya?ml|sh|http|html)$/.test(path))
    .flatMap((path) =>
      read(path)
        .split('\n')
        .filter((line) => byNpx.test(line) && !warning.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    )
  expect(told).toEqual([])
})
