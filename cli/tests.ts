import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureRuntime } from '../runtime/ensure.ts'
import type { Project } from './project.ts'

export type Tally = { passed: number; failed: number }

/** One vitest run each, in this order: what is cheap fails first. `--project NAME` chooses one. */
const runs = [['unit', 'architecture'], ['integration'], ['system'], ['browser']]

/** Sets up what tests need, runs them and sums up. Answers the exit code: 0 when some passed and none failed. */
export async function runTests(
  project: Project,
  passedThrough: readonly string[],
): Promise<number> {
  await ensureRuntime({ project: project.root })
  const tallies: Tally[] = []
  const chosen = passedThrough.includes('--project') ? [[]] : runs
  for (const projects of chosen) tallies.push(await run(project, projects, passedThrough))
  const sum = (key: keyof Tally) => tallies.reduce((total, tally) => total + tally[key], 0)
  const [passed, failed] = [sum('passed'), sum('failed')]
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 && passed > 0 ? 0 : 1
}

async function run(
  project: Project,
  projects: readonly string[],
  passedThrough: readonly string[],
): Promise<Tally> {
  const report = join(project.home, 'tests', `${projects[0] ?? 'chosen'}.json`)
  mkdirSync(join(project.home, 'tests'), { recursive: true })
  rmSync(report, { force: true })
  if (projects.length > 0) console.log(`\n── ${projects.join(' and ')} tests`)
  const chosen = projects.flatMap((name) => ['--project', name])
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const args = ['run', '--passWithNoTests', ...chosen, ...reporters, ...passedThrough]
  const code = await vitest(project, args)
  return tallyOf(readReport(report), code)
}

function vitest(project: Project, args: readonly string[]): Promise<number> {
  const program = join(project.root, 'node_modules', 'vitest', 'vitest.mjs')
  const env = { ...process.env, ...(process.env.CI && { NO_COLOR: '1' }) }
  const child = spawn(process.execPath, [program, ...args], {
    cwd: project.root,
    env,
    stdio: 'inherit',
  })
  const forward = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGTERM', forward).on('SIGINT', () => {})
  return new Promise((resolve) => {
    child.once('error', () => resolve(1))
    child.once('exit', (code) => {
      process.off('SIGTERM', forward)
      resolve(code ?? 1)
    })
  })
}

type TestFile = { status: string; assertionResults: { status: string }[] }

/** A file that could not even be loaded, and a run that ended badly without a failed test, count as one failure each. */
export function tallyOf(files: readonly TestFile[], code: number): Tally {
  const results = files.flatMap(({ assertionResults }) =>
    assertionResults.map(({ status }) => status),
  )
  const passed = results.filter((status) => status === 'passed').length
  const broken = files.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  )
  const failed = results.filter((status) => status === 'failed').length + broken.length
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed }
}

function readReport(file: string): TestFile[] {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { testResults: TestFile[] }).testResults
  } catch {
    return []
  }
}
