import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import { lintSource } from '@secretlint/core'
import { creator as recommended } from '@secretlint/secretlint-rule-preset-recommend'
import { describe, expect, it } from 'vitest'
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

describe('npm run audit', () => {
  type Advisories = Record<string, object[]>
  const advisory = (severity: string) => ({
    ...{ id: 1, url: 'https://example.com/1', title: 'a hole', severity, cwe: [] },
    ...{ vulnerable_versions: '*', cvss: { score: 0, vectorString: null } },
  })

  /** Runs the command against a registry that knows these vulnerabilities. Returns its exit code and what it asked about. */
  async function audit(known: Advisories | undefined) {
    let asked: string[] = []
    const registry = createServer(async (request, reply) => {
      if (!known || request.url !== '/-/npm/v1/security/advisories/bulk')
        return void reply.writeHead(known ? 404 : 405).end('{}')
      const zipped = request.headers['content-encoding'] === 'gzip'
      const body = zipped ? request.pipe(createGunzip()) : request
      asked = Object.keys((await json(body)) as object)
      reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(known))
    })
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
    const url = `--registry=http://127.0.0.1:${(registry.address() as AddressInfo).port}/`
    try {
      const args = ['run', '--silent', 'audit', '--', url, '--fetch-retries=0']
      const code = await new Promise((resolve) => {
        const npm = execFile('npm', args, { cwd: root }, () => resolve(npm.exitCode))
      })
      return { code, asked }
    } finally {
      registry.closeAllConnections()
      registry.close()
    }
  }

  it('asks about every package that ships, and passes when none is vulnerable', async () => {
    const { code, asked } = await audit({})
    expect(code).toBe(0)
    const { dependencies } = JSON.parse(read('packages/chassis/package.json')) as Package
    const foreign = Object.keys(dependencies).filter((name) => !name.startsWith('@sidecart/'))
    expect(foreign.length).toBeGreaterThan(5)
    expect(asked).toEqual(expect.arrayContaining(foreign))
  })

  it.each(['moderate', 'high', 'critical'])('fails for a vulnerability: %s', async (severity) => {
    expect((await audit({ otpauth: [advisory(severity)] })).code).toBe(1)
  })

  it('fails when the registry does not answer', async () => {
    expect((await audit(undefined)).code).toBe(1)
  })

  it('runs every day', () => {
    const workflow = read('.github/workflows/audit.yml')
    expect(workflow).toMatch(/cron: '\d+ \d+ \* \* \*'/)
    expect(workflow).toContain('run: npm run audit')
  })
})
