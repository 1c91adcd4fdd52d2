import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OpenApiDocument } from '@sidecart/chassis/http/app.ts'
import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { configuration } from './configuration.ts'

/** Pinned: what it finds depends on it. */
const version = '4.32.5'
const project = projectAt(join(import.meta.dirname, '../..'))
const tool = join(project.home, 'fuzz')
const reports = join(project.home, 'tests')
const [examples = '100', ...only] = process.argv.slice(2)

/** Runs a program to its end on this terminal. Returns its exit code. */
function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): number {
  const { status } = spawnSync(command, args, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
    cwd: import.meta.dirname,
  })
  return status ?? 1
}

/** Schemathesis in a Python environment of this checkout's own; fetched once. Throws when Python or PyPI is missing. */
function ensureSchemathesis(): string {
  const program = join(tool, 'bin', 'schemathesis')
  if (existsSync(program)) return program
  console.log(`fetching schemathesis ${version} into ${tool} …`)
  const failed =
    run('python3', ['-m', 'venv', tool]) ||
    run(join(tool, 'bin', 'pip'), ['install', '--quiet', `schemathesis==${version}`])
  if (failed) throw new Error('The fuzzer needs python3 with venv, and PyPI.')
  return program
}

const schemathesis = ensureSchemathesis()
const { gateway, demo, demoOperator: operator } = await connectionInfo()
const document = (await (await fetch(`${gateway}/openapi.json`)).json()) as OpenApiDocument
const config = join(tool, 'schemathesis.toml')
writeFileSync(config, configuration(document))
mkdirSync(reports, { recursive: true })

const accounts = { anonymous: undefined, customer: demo, operator }
const failed: string[] = []
for (const [name, account] of Object.entries(accounts)) {
  if (only.length > 0 && !only.includes(name)) continue
  console.log(`\n── as ${name}`)
  const args = [
    ...['--config-file', config, 'run', `${gateway}/openapi.json`],
    ...['--checks', 'all', '--max-examples', examples, '--continue-on-failure'],
    ...['--phases', 'examples,coverage,fuzzing,stateful'],
    ...['--report', 'junit', '--report-junit-path', join(reports, `fuzz-${name}.xml`)],
  ]
  const code = run(schemathesis, args, {
    SCHEMATHESIS_HOOKS: 'hooks',
    PYTHONPATH: import.meta.dirname,
    FUZZ_SHOP: gateway,
    ...(account && { FUZZ_EMAIL: account.email, FUZZ_PASSWORD: account.password }),
  })
  if (code !== 0) failed.push(name)
}
console.log(failed.length === 0 ? '\nno failures' : `\nfailures as ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
