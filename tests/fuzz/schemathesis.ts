import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { readIfThere } from '@sidecart/platform/config/files.ts'
import { PartError } from '@sidecart/platform/install/binaries.ts'
import { ensureProgram, python } from '@sidecart/platform/install/packages.ts'
import { output } from '@sidecart/platform/process/spawn.ts'
import { root } from '../architecture/tree.ts'

const tool = join(root, '.sidecart/fuzz')
const program = join(tool, 'bin/schemathesis')
const requirements = join(import.meta.dirname, 'requirements.txt')
const installTimeoutMs = 300_000

/**
 * Installs Schemathesis, in the versions and with the checksums of `requirements.txt`, into a Python environment of
 * this checkout, unless it is there.
 *
 * @throws PartError without Python, or without a package index
 */
export async function ensureSchemathesis(): Promise<void> {
  const { path } = await ensureProgram(python, { log: console.error })
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex')
  const mark = join(tool, 'installed')
  if (readIfThere(mark) === wanted) return
  rmSync(tool, { recursive: true, force: true })
  const pip = ['-m', 'pip', 'install', '--quiet', '--require-hashes', '-r', requirements]
  try {
    await output(path, ['-m', 'venv', tool], installTimeoutMs)
    await output(join(tool, 'bin/python'), pip, installTimeoutMs)
  } catch (error) {
    throw new PartError(`Schemathesis cannot be installed with pip: ${(error as Error).message}`)
  }
  writeFileSync(mark, wanted)
}

export type Fuzzing = {
  gateway: string
  /** Name of the report and the log. */
  as: string
  account?: { email: string; password: string }
  /** Content of `schemathesis.toml`. */
  configuration: string
  /** At most so many requests per operation and phase. */
  examples: number
  seed?: string
}

export type Findings = {
  /** The failures as printed; empty if there are none. */
  failures: string
  /** Number of answers by operation and status. */
  answers: Record<string, Record<string, number>>
  summary: string
}

/** Sends made-up requests to every operation of the shop's API document. Takes minutes. */
export async function fuzz(options: Fuzzing): Promise<Findings> {
  const { gateway, as, account, configuration, examples, seed } = options
  const folder = join(root, '.sidecart/tests')
  mkdirSync(folder, { recursive: true })
  const fileOf = (ending: string) => join(folder, `fuzz-${as}.${ending}`)
  const args = [
    ...['--config-file', fileOf('toml'), 'run', `${gateway}/openapi.json`, '--no-color'],
    ...['--checks', 'all', '--max-examples', String(examples), '--continue-on-failure'],
    ...['--phases', 'examples,coverage,fuzzing,stateful'],
    ...['--report', 'junit', '--report-junit-path', fileOf('xml')],
    ...(seed ? ['--seed', seed] : []),
  ]
  writeFileSync(fileOf('toml'), configuration)
  const code = await run(args, fileOf('log'), {
    SCHEMATHESIS_HOOKS: 'hooks',
    PYTHONPATH: import.meta.dirname,
    PYTHONDONTWRITEBYTECODE: '1',
    FUZZ_SHOP: gateway,
    FUZZ_ANSWERS: fileOf('json'),
    ...(account && { FUZZ_EMAIL: account.email, FUZZ_PASSWORD: account.password }),
  })
  const printed = readFileSync(fileOf('log'), 'utf8')
  const section = (title: string) =>
    new RegExp(`^=+ ${title} =+$(.*?)(?=^=+ |$(?![\\s\\S]))`, 'ms').exec(printed)?.[1]?.trim() ?? ''
  const found = [section('FAILURES'), section('ERRORS')].join('\n').trim()
  return {
    failures: found || (code === 0 ? '' : printed.slice(-3_000)),
    answers: JSON.parse(readFileSync(fileOf('json'), 'utf8')) as Findings['answers'],
    summary: section('SUMMARY'),
  }
}

/** Runs Schemathesis with its output in a file. Resolves to the exit code. */
async function run(args: string[], logFile: string, env: NodeJS.ProcessEnv): Promise<number> {
  const log = createWriteStream(logFile)
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    cwd: tool,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
  log.end()
  await finished(log)
  return code
}
