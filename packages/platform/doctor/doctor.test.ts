import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { ensureProjectAuthority } from '../config/identity/trust-anchors.ts'
import { type Project, projectAt } from '../config/project.ts'
import { completed } from '../config/secrets.ts'
import { type DoctorOptions, examine } from './doctor.ts'

const root = join(import.meta.dirname, '../../..')
const plenty = { freeBytes: () => 10 * 1024 ** 3 }

/** A checkout whose files below .sidecart are those of this test, with the run file after a change. */
function project(change: (runFile: string) => string = (text) => text): Project {
  const folder = mkdtempSync(join(tmpdir(), 'sidecart-doctor-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const runFile = join(folder, 'dapr.yaml')
  const text = readFileSync(join(root, 'dapr.yaml'), 'utf8')
    .replaceAll('- components/', `- ${root}/components/`)
    .replaceAll('appDirPath: services/', `appDirPath: ${root}/services/`)
    .replaceAll('../../components/', `${root}/components/`)
  writeFileSync(runFile, change(text))
  return projectAt(root, { home: join(folder, 'home'), runFile })
}

/** The faults that an examination finds, without those of this machine's ports. */
async function faults(given: Project, options: DoctorOptions = {}): Promise<string[]> {
  const findings = await examine(given, { ...plenty, ...options })
  expect(findings.length).toBeGreaterThan(5)
  return findings
    .filter(({ ok, name, detail }) => !ok && !(name === 'ports' && !detail.includes('catalog')))
    .map(({ name, detail, advice }) => `${name}: ${detail} → ${advice ?? ''}`)
}

async function secretsIn(given: Project, change: (secrets: Record<string, string>) => void) {
  const secrets = await completed({}, 'postgres://127.0.0.1:5440')
  change(secrets)
  mkdirSync(given.home, { recursive: true })
  writeFileSync(given.secretsFile, JSON.stringify(secrets), { mode: 0o600 })
}

it('a checkout that was never started has no fault', async () => {
  expect(await faults(project())).toEqual([])
})

it('a taken port is named with the process that holds it', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const taken = project((text) => text.replace('appPort: 8082', `appPort: ${port}`))
  const [fault = ''] = await faults(taken)
  expect(fault).toContain(`catalog needs ${port}`)
  expect(fault).toContain('stop the process that holds it')
})

it('a clock that was set back is found by files that are newer', async () => {
  const given = project()
  await secretsIn(given, () => {})
  const later = new Date(Date.now() + 3_600_000)
  utimesSync(given.secretsFile, later, later)
  expect(await faults(given)).toEqual([
    expect.stringMatching(/^clock: .* 3600 s newer .* set the clock/),
  ])
})

it('a disk with little room is named before orders are refused', async () => {
  const [fault] = await faults(project(), { freeBytes: () => 200 * 1024 ** 2 })
  expect(fault).toMatch(/^disk: 0\.2 GB are free → make room/)
})

it('certificates that end soon, or begin later than the clock, are found', async () => {
  const given = project()
  ensureProjectAuthority(given, { nothingRuns: true })
  const at = (days: number) => faults(given, { now: Date.now() + days * 86_400_000 })
  expect(await faults(given)).toEqual([])
  expect(await at(360)).toEqual([expect.stringMatching(/^certificate issuer.crt: /)])
  expect(await at(-30)).toHaveLength(2)
})

it('secrets that others may read, that are missing or that are no JSON are found', async () => {
  const given = project()
  await secretsIn(given, (secrets) => delete secrets['jwt-keys'])
  expect(await faults(given)).toEqual([expect.stringContaining('secrets: missing: jwt-keys')])
  rmSync(given.secretsFile)
  writeFileSync(given.secretsFile, '{}')
  chmodSync(given.secretsFile, 0o644) // whatever the umask
  expect(await faults(given)).toContainEqual(
    expect.stringMatching(/^secrets: .* may be read by others → chmod 600/),
  )
  writeFileSync(given.secretsFile, 'no JSON')
  expect((await faults(given)).filter((fault) => fault.startsWith('secrets'))).toEqual([
    expect.stringContaining('is not a flat JSON object of strings'),
  ])
})

it('a wrong component file is named with the nearest known word', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidecart-doctor-set-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const text = readFileSync(join(root, 'components/state-postgresql/statestore.yaml'), 'utf8')
  writeFileSync(join(folder, 'statestore.yaml'), text.replace('maxConns', 'maxConn'))
  const set = `${root}/components/state-postgresql`
  const [fault] = await faults(project((runFile) => runFile.replace(set, folder)))
  expect(fault).toMatch(/^components: .*no field maxConn; did you mean maxConns/)
})

it('a server elsewhere that does not answer is named', async () => {
  const given = project((text) =>
    text.replace('components/pubsub-jetstream', 'components/pubsub-redis'),
  )
  await secretsIn(given, (secrets) => {
    secrets['redis-host'] = '127.0.0.2:1'
  })
  const [fault] = await faults(given)
  expect(fault).toMatch(/^reachability: .*no server answers at 127\.0\.0\.2:1/)
})
