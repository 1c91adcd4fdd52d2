import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Project } from '@sidecart/platform/config/project.ts'

/** One file in vitest's JSON report. */
export type TestFile = {
  status: string
  message?: string
  assertionResults: {
    status: string
    title?: string
    failureMessages?: string[]
    meta?: { capability?: string; works?: boolean }
  }[]
}

type Run = {
  /** File name of the report below `.sidecart/tests/`. */
  name: string
  args: readonly string[]
  env?: NodeJS.ProcessEnv
  /** Sends progress to stderr and keeps stdout free for the result. */
  quiet?: boolean
}

/** Runs vitest once. Returns the report and the exit code. */
export async function runVitest(
  project: Project,
  { name, args, env = {}, quiet = false }: Run,
): Promise<{ files: TestFile[]; code: number }> {
  const report = join(project.home, 'tests', `${name}.json`)
  mkdirSync(join(project.home, 'tests'), { recursive: true })
  rmSync(report, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const program = join(project.root, 'node_modules', 'vitest', 'vitest.mjs')
  const child = spawn(process.execPath, [program, 'run', ...reporters, ...args], {
    cwd: project.root,
    env: { ...process.env, ...(process.env.CI && { NO_COLOR: '1' }), ...env },
    stdio: ['inherit', quiet ? process.stderr : 'inherit', 'inherit'],
  })
  const forward = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGTERM', forward).on('SIGINT', ignore)
  const code = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(1))
    child.once('exit', (code) => resolve(code ?? 1))
  })
  process.off('SIGTERM', forward).off('SIGINT', ignore)
  return { files: readReport(report), code }
}

/**
 * Returns one line per failed test, per file without a run, and for a bad exit code without a
 * failure.
 */
export function failuresOf({
  files,
  code,
}: {
  files: readonly TestFile[]
  code: number
}): string[] {
  const failures = files.flatMap(failuresIn)
  return failures.length === 0 && code !== 0 ? ['the tests could not be run'] : failures
}

function failuresIn({ status, message, assertionResults }: TestFile): string[] {
  const failed = assertionResults.filter((one) => one.status === 'failed')
  if (failed.length === 0 && status === 'failed')
    return [firstLine(message) || 'a file of tests could not be run']
  return failed.map(({ title, failureMessages }) => `${title}: ${firstLine(failureMessages?.[0])}`)
}

const firstLine = (text: string | undefined) => text?.split('\n')[0]

/**
 * Ctrl-C in a terminal also reaches vitest, so the parent ignores SIGINT and waits for vitest to
 * end.
 */
const ignore = () => {}

function readReport(file: string): TestFile[] {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { testResults: TestFile[] }).testResults
  } catch {
    return []
  }
}
