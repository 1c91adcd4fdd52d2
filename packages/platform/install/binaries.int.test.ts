import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ensurePart, ensureParts, PartError } from './binaries.ts'
import { ensureRuntime } from './ensure.ts'
import type { Report } from './progress.ts'
import { platformOf, releaseOf } from './releases.ts'
import { freePorts, temporaryFolder } from './testing.ts'
import { type PartName, pins } from './versions.ts'

const platform = platformOf(process.platform, process.arch) ?? { os: 'linux', arch: 'amd64' }
const stated: Partial<Record<PartName, string>> = {
  'nats-server': 'nats-server: v',
  dapr: 'CLI version: ',
}

/** A program that only prints a version. */
function program(name: PartName, version = pins[name].version): string {
  const text =
    name === 'sentry' || name === 'scheduler' ? 'none' : `${stated[name] ?? ''}${version}`
  return `#!/bin/sh\n# pkg/buildinfo.version=${version}\necho "${text}"\n`
}

async function archiveOf(name: PartName, version?: string): Promise<Buffer> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'release'))
  await writeFile(join(folder, 'release', name), program(name, version), { mode: 0o755 })
  execFileSync('tar', ['-czf', join(folder, 'archive'), '-C', folder, 'release'])
  return readFile(join(folder, 'archive'))
}

type Files = Record<string, Buffer | string | ((response: ServerResponse) => void)>

async function serve(files: Files): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const answer: RequestListener = (request, response) => {
    asked.push(request.url ?? '')
    const file = files[request.url ?? '']
    if (file === undefined) response.writeHead(404).end()
    else if (typeof file === 'function') file(response)
    else response.writeHead(200, { 'content-length': Buffer.byteLength(file) }).end(file)
  }
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

/** A release server's files for one part; `body` replaces the content of the archive. */
async function release(name: PartName, body?: Files[string], version?: string): Promise<Files> {
  const { archive, archiveUrl, sumsUrl } = releaseOf(name, platform, '')
  const content = await archiveOf(name, version)
  const sum = createHash('sha256').update(content).digest('hex')
  return { [archiveUrl]: body ?? content, [sumsUrl]: `${sum}  ${archive}\n` }
}

/** An empty project and home: only the given server can provide parts. */
async function machine(url: string, tools: Record<string, string> = {}) {
  const [project, home, bin] = [
    await temporaryFolder(),
    await temporaryFolder(),
    await temporaryFolder(),
  ]
  for (const [name, script] of Object.entries(tools))
    await writeFile(join(bin, name), script, { mode: 0o755 })
  for (const tool of ['sh', 'tar', 'gzip', 'cp', 'cat', 'printf'])
    await writeFile(join(bin, tool), `#!/bin/sh\nexec ${where(tool)} "$@"\n`, { mode: 0o755 })
  const lines: string[] = []
  const reports: Report[] = []
  const options = {
    ...{ project, home, env: { PATH: bin, SIDECART_DOWNLOAD_MIRROR: url }, stallMs: 1000 },
    ...{
      log: (line: string) => lines.push(line),
      progress: (report: Report) => reports.push(report),
    },
  }
  return { project, home, lines, reports, options }
}

function where(tool: string): string {
  return execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim()
}

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  return found
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(folder.length + 1))
}

async function failure(name: PartName, files: Files): Promise<string> {
  const { url } = await serve(files)
  const { project, home, options } = await machine(url)
  const error = await ensurePart(name, options).catch((caught) => caught)
  expect(error).toBeInstanceOf(PartError)
  expect([...(await filesIn(project)), ...(await filesIn(home))]).toEqual([])
  return error.message
}

test('a verified release is installed, shown while it comes, and found the next time', async () => {
  const files = await release('nats-server')
  const { url, asked } = await serve(files)
  const { project, options, reports } = await machine(url)
  const first = await ensurePart('nats-server', options)
  const path = join(project, '.sidecart', 'bin', 'nats-server')
  expect(first).toEqual({ name: 'nats-server', version: '2.15.2', how: 'downloaded', path })
  expect(execFileSync(path, { encoding: 'utf8' })).toBe('nats-server: v2.15.2\n')
  const size = files[releaseOf('nats-server', platform, '').archiveUrl]?.length
  expect(reports.slice(-2)).toEqual([
    { part: 'nats-server', step: 'downloading', unit: 'bytes', done: size, total: size },
    { part: 'nats-server', step: 'ended' },
  ])
  expect(await ensurePart('nats-server', options)).toEqual({ ...first, how: 'found' })
  expect(asked).toHaveLength(2)
})

test('a release with another sum is refused, with both sums', async () => {
  const other = await archiveOf('nats-server', '2.15.3')
  const message = await failure('nats-server', await release('nats-server', other))
  expect(message).toMatch(
    /download: nats-server-v.*tar\.gz has SHA-256 [0-9a-f]{64}, published is [0-9a-f]{64}/,
  )
})

test('a release whose sum is pinned is compared with that one, whatever its server publishes', async () => {
  const linux = releaseOf('dapr', { os: 'linux', arch: 'amd64' }, '')
  expect(linux.pinnedSum).toMatch(/^[0-9a-f]{64}$/)
  if (!releaseOf('dapr', platform, '').pinnedSum) return
  const message = await failure('dapr', await release('dapr'))
  expect(message).toContain(`pinned is ${releaseOf('dapr', platform, '').pinnedSum}`)
})

test('a release whose sum is not pinned is taken with a warning, or not at all', async () => {
  const { url, asked } = await serve(await release('nats-server'))
  const { lines, options } = await machine(url)
  await ensurePart('nats-server', options)
  expect(lines.join()).toContain('this repository has no sum of it')
  const strict = await machine(url)
  asked.length = 0
  const env = { ...strict.options.env, SIDECART_PINNED_ONLY: '1' }
  const error = await ensurePart('nats-server', { ...strict.options, env }).catch(
    (caught) => caught,
  )
  expect(String(error.message)).toContain('SIDECART_PINNED_ONLY is set')
  expect(asked).toEqual([])
})

test('a release without a published sum is refused', async () => {
  const { archiveUrl, sumsUrl } = releaseOf('nats-server', platform, '')
  const files = { ...(await release('nats-server')), [sumsUrl]: '<html>Sign in</html>' }
  expect(await failure('nats-server', files)).toContain('names no SHA-256 for')
  expect(files[archiveUrl]).toBeDefined()
})

test('a file that is cut off is refused', async () => {
  const message = await failure(
    'nats-server',
    await release('nats-server', (response) => {
      response
        .writeHead(200, { 'content-length': 1000 })
        .write('x'.repeat(400), () => response.destroy())
    }),
  )
  expect(message).toMatch(/was cut off after 400 of 1000 bytes/)
})

test('a file that stops coming is given up', async () => {
  const message = await failure(
    'nats-server',
    await release(
      'nats-server',
      (response) => void response.writeHead(200, { 'content-length': 1000 }).write('x'),
    ),
  )
  expect(message).toMatch(/was cut off after 1 of 1000 bytes: .*[Tt]imeout/)
})

test('a missing release is reported with its address', async () => {
  expect(await failure('nats-server', {})).toMatch(/download: http.*SHA256SUMS answered 404/)
})

test('a release that holds another version than asked for is refused', async () => {
  const message = await failure('nats-server', await release('nats-server', undefined, '2.10.0'))
  expect(message).toContain('what came is not what was asked for: version 2.10.0 does not fit')
})

test('a server that accepts and never answers is given up, and not asked for the other parts', async () => {
  const silent = await serve({ [releaseOf('daprd', platform, '').sumsUrl]: () => {} })
  const { options } = await machine(silent.url)
  const error = await ensureParts(['daprd', 'sentry', 'nats-server'], options).catch(
    (caught) => caught,
  )
  expect(error.message.match(/cannot be reached: /g)).toHaveLength(3)
  expect(silent.asked).toHaveLength(1)
})

test('no server: the error names every way with its reason, and what helps', async () => {
  const [port] = await freePorts(1)
  const { options } = await machine(`http://127.0.0.1:${port}`)
  const error = await ensurePart('daprd', options).catch((caught) => caught)
  expect(error.message).toMatch(
    /daprd could not be made ready:\n {2}- installed: not in .*\.dapr\/bin/,
  )
  expect(error.message).toMatch(/\n {2}- download: .* cannot be reached: .*ECONNREFUSED/)
  expect(error.message).toContain('\n  - build: Go is not installed')
  expect(error.message).toContain('put a fitting daprd in ~/.dapr/bin')
})

test("Dapr's programs go where dapr init puts them", async () => {
  const { url } = await serve({ ...(await release('daprd')), ...(await release('sentry')) })
  const { home, options } = await machine(url)
  const parts = await ensureParts(['daprd', 'sentry'], options)
  expect(parts.map(({ path }) => path)).toEqual(
    ['daprd', 'sentry'].map((name) => join(home, '.dapr', 'bin', name)),
  )
})

test('a daprd that does not fit is never replaced: ours goes into the project and the path is told', async () => {
  const { url } = await serve(await release('daprd'))
  const { home, project, options, lines } = await machine(url)
  const theirs = join(home, '.dapr', 'bin', 'daprd')
  await mkdir(join(home, '.dapr', 'bin'), { recursive: true })
  await writeFile(theirs, program('daprd', '1.15.0'))
  await chmod(theirs, 0o755)
  const runtime = await ensureRuntime({ ...options, names: ['daprd'] })
  expect(runtime.daprRuntimePath).toBe(join(project, '.sidecart', 'dapr'))
  expect(runtime.parts.daprd.path).toBe(join(project, '.sidecart', 'dapr', '.dapr', 'bin', 'daprd'))
  expect(readFileSync(theirs, 'utf8')).toBe(program('daprd', '1.15.0'))
  expect(lines.join('\n')).toContain(`${theirs}: version 1.15.0 does not fit`)
  expect((await ensurePart('daprd', options)).how).toBe('found')
})

test('two starts at once download once', async () => {
  const { url, asked } = await serve(await release('nats-server'))
  const { options } = await machine(url)
  const both = await Promise.all([
    ensurePart('nats-server', options),
    ensurePart('nats-server', options),
  ])
  expect(both.map(({ how }) => how).sort()).toEqual(['downloaded', 'found'])
  expect(asked).toHaveLength(2)
})

test('a tool on the PATH is used if it fits', async () => {
  const { url, asked } = await serve({})
  const { options } = await machine(url, { 'nats-server': program('nats-server', '2.12.0') })
  expect(await ensurePart('nats-server', options)).toMatchObject({
    version: '2.12.0',
    how: 'found',
  })
  expect(asked).toEqual([])
})

test('a program that was replaced by one that does not fit is noticed', async () => {
  const { url } = await serve({})
  const { home, options } = await machine(url)
  const path = join(home, '.dapr', 'bin', 'daprd')
  await mkdir(join(home, '.dapr', 'bin'), { recursive: true })
  await writeFile(path, program('daprd'), { mode: 0o755 })
  expect((await ensurePart('daprd', options)).how).toBe('found')
  await writeFile(path, program('daprd', '1.17.0'))
  const error = await ensurePart('daprd', options).catch((caught) => caught)
  expect(error.message).toContain('version 1.17.0 does not fit')
})

test.each([
  ['dapr-cli', 'github.com/dapr/cli', 'dapr'],
  ['nats', 'github.com/nats-io/nats-server/v2', 'nats-server'],
] as const)('the source in runtime/%s is of the pinned version', async (folder, module, name) => {
  const manifest = await readFile(join(import.meta.dirname, folder, 'go.mod'), 'utf8')
  expect(manifest).toContain(`\nrequire ${module} v${pins[name].version}\n`)
})

test("Dapr's own source is built with its own requirements and one replacement", async () => {
  const manifest = await readFile(join(import.meta.dirname, 'dapr', 'go.mod'), 'utf8')
  expect(manifest).toContain('\nmodule github.com/dapr/dapr\n')
  expect(manifest.match(/^replace [^(].*/gm)).toEqual([
    expect.stringMatching(
      /^replace github\.com\/dapr\/durabletask-go => github\.com\/dapr\/durabletask-go v/,
    ),
  ])
})

const pulsar = 'cmd/daprd/components/pubsub_pulsar.go'

/** A folder resembling Dapr's published source, with the real checksum. */
async function publishedSource(): Promise<{ source: string; sum: string }> {
  const source = await temporaryFolder()
  await mkdir(join(source, 'cmd', 'daprd', 'components'), { recursive: true })
  for (const file of [pulsar, 'cmd/daprd/components/pubsub_jetstream.go'])
    await writeFile(join(source, file), 'package components', { mode: 0o444 })
  const sum = /sum: '(h1:[^']+)'/.exec(
    await readFile(join(import.meta.dirname, 'build.ts'), 'utf8'),
  )?.[1]
  return { source, sum: sum ?? '' }
}

// Replaces the compiler: records its arguments and whether Pulsar was visible, names three packages and writes the
// requested files.
const compiler = (calls: string, { source, sum }: { source: string; sum: string }) => `#!/bin/sh
[ "$1" = version ] && exit 0
[ "$1" = mod ] && { echo 'go: downloading' >&2; echo '{"Dir": "${source}", "Sum": "${sum}"}'; exit 0; }
[ -e ${pulsar} ] && echo pulsar >> '${calls}'
[ -e cmd/daprd/components/pubsub_jetstream.go ] || echo 'no source' >> '${calls}'
printf '%s\\n' "$GOFLAGS $CGO_ENABLED $*" >> '${calls}'
echo 'go: downloading example.org/a v1.0.0' >&2
for package in a b c; do echo example.org/$package >&2; done
for argument; do [ "$previous" = -o ] && out=$argument; previous=$argument; done
for name in daprd sentry scheduler; do case "$*" in *cmd/$name*)
  printf '#!/bin/sh\\n# pkg/buildinfo.version=1.18.3\\necho 1.18.3\\n' > "$out$name"
  chmod +x "$out$name";;
esac; done
`

test('without a release, Go builds all that is missing of Dapr in one pass', async () => {
  const { url } = await serve({})
  const calls = join(await temporaryFolder(), 'calls')
  const chmodTool = `#!/bin/sh\nexec ${where('chmod')} "$@"\n`
  const go = compiler(calls, await publishedSource())
  const { options, reports } = await machine(url, { go, chmod: chmodTool })
  const parts = await ensureParts(['daprd', 'sentry', 'scheduler'], options)
  expect(parts.map(({ how, version }) => `${how} ${version}`)).toEqual(
    Array(3).fill('built 1.18.3'),
  )
  const [call, ...more] = readFileSync(calls, 'utf8').trim().split('\n')
  expect(more).toEqual([])
  expect(call).toMatch(
    /^-mod=readonly 0 build -v .*-tags allcomponents .*buildinfo\.version=1\.18\.3/,
  )
  const part = 'daprd, sentry, scheduler'
  const building = { part, step: 'building', unit: 'packages', total: expect.any(Number) }
  expect(reports.filter((report) => report.part === part)).toEqual([
    { part, step: 'fetching', unit: 'modules', done: 0 },
    { part, step: 'fetching', unit: 'modules', done: 1 },
    ...[1, 2, 3].map((done) => ({ ...building, done })),
    { part, step: 'ended' },
  ])
})

test('a source of Dapr that is not the pinned one is not built', async () => {
  const { url } = await serve({})
  const calls = join(await temporaryFolder(), 'calls')
  const go = compiler(calls, { ...(await publishedSource()), sum: 'h1:another' })
  const { options } = await machine(url, { go })
  const error = await ensurePart('sentry', options).catch((caught) => caught)
  expect(error.message).toContain('has the sum h1:another, not h1:')
  expect(existsSync(calls)).toBe(false)
})

test('a build that fails is told with its last lines', async () => {
  const { url } = await serve({})
  const broken =
    '#!/bin/sh\n[ "$1" = version ] && exit 0\necho "main.go:1: no such thing" >&2\nexit 1\n'
  const { options, project } = await machine(url, { go: broken })
  const error = await ensurePart('nats-server', options).catch((caught) => caught)
  expect(error.message).toMatch(/build: go build ended with 1:\n\s+main\.go:1: no such thing/)
  expect(await filesIn(project)).toEqual([])
})
