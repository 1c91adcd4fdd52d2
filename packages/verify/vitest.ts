import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { Project } from '@sidecart/platform/config/project.ts'
import type { Sandbox } from './sandbox.ts'

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
  /** Stands before each line of the output, for runs beside each other. */
  prefix?: string
  sandbox?: Sandbox | undefined
}

/** Runs vitest once. Returns the report and the exit code. */
export async function runVitest(
  project: Project,
  { name, args, env = {}, quiet = false, prefix, sandbox }: Run,
): Promise<{ files: TestFile[]; code: number }> {
  const file = join('tests', `${name}.json`)
  const report = join(sandbox?.home ?? project.home, file)
  mkdirSync(dirname(report), { recursive: true })
  rmSync(report, { force: true })
  const reporters = ['default', 'json'].map((reporter) => `--reporter=${reporter}`)
  const program = join(project.root, 'node_modules', 'vitest', 'vitest.mjs')
  const output = `--outputFile.json=${join(project.home, file)}`
  const words = [program, 'run', ...reporters, output, ...args]
  const [command, commandArgs] = sandbox?.command([process.execPath, ...words]) ?? [
    process.execPath,
    words,
  ]
  const child = spawn(command, commandArgs, {
    cwd: project.root,
    env: { ...process.env, ...(process.env.CI && { NO_COLOR: '1' }), ...sandbox?.env, ...env },
    stdio: prefix
      ? ['ignore', 'pipe', 'pipe']
      : ['inherit', quiet ? process.stderr : 'inherit', 'inherit'],
  })
  const printed = Promise.all([child.stdout, child.stderr].map((from) => printLines(from, prefix)))
  const forward = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGTERM', forward).on('SIGINT', ignore)
  const code = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(1))
    child.once('exit', (code) => resolve(code ?? 1))
  })
  process.off('SIGTERM', forward).off('SIGINT', ignore)
  // a process that a test has left behind may keep the pipe open
  await Promise.race([printed, pause(1_000, undefined, { ref: false })])
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

/** Prints the lines of a stream, each after a prefix. Resolves when the stream has ended. */
async function printLines(from: Readable | null, prefix = ''): Promise<void> {
  if (from) for await (const line of createInterface(from)) console.log(`${prefix}${line}`)
}

function readReport(file: string): TestFile[] {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { testResults: TestFile[] }).testResults
  } catch {
    return []
  }
}
