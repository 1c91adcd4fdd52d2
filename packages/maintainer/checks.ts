import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Project } from '@sidecart/platform/config/project.ts'
import { paint, seconds } from '@sidecart/platform/process/terminal.ts'

type Check = {
  name: string
  program: string
  args: string[]
  /** A folder without which there is nothing to check. */
  folder?: string
}

const checks: readonly Check[] = [
  { name: 'format and lint', program: 'biome', args: ['ci', '--error-on-warnings', '.'] },
  { name: 'types', program: 'tsc', args: ['--noEmit'] },
  {
    name: 'types of the web app',
    program: 'tsc',
    args: ['--noEmit', '--project', 'web'],
    folder: 'web',
  },
  {
    name: 'architecture',
    program: 'vitest',
    args: ['run', '--project', 'architecture', '--passWithNoTests'],
  },
  { name: 'dead code', program: 'knip', args: [] },
  {
    name: 'generated files',
    program: 'node',
    args: ['packages/cli/main.ts', 'generate', '--check'],
  },
  {
    name: 'lock file',
    program: 'npm',
    args: ['ci', '--dry-run', '--no-audit', '--ignore-scripts'],
  },
]

/** Runs every check, two at a time, and prints the duration of each and the output of failed ones. */
export async function runChecks(project: Project): Promise<boolean> {
  const queue = checks.filter(({ folder = '.' }) => existsSync(join(project.root, folder)))
  const results: boolean[] = []
  async function worker(): Promise<void> {
    for (let check = queue.shift(); check; check = queue.shift())
      results.push(await run(project, check))
  }
  await Promise.all([worker(), worker()])
  return results.every(Boolean)
}

async function run({ root }: Project, { name, program, args }: Check): Promise<boolean> {
  const began = performance.now()
  const { ok, output } = await outputOf(program, args, root)
  console.log(
    `${ok ? paint('green', '✔') : paint('red', '✖')} ${name.padEnd(22)}${seconds(performance.now() - began)}`,
  )
  if (!ok) console.log(output.trim())
  return ok
}

function outputOf(
  program: string,
  args: string[],
  cwd: string,
): Promise<{ ok: boolean; output: string }> {
  const PATH = `${join(cwd, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`
  const options = { cwd, env: { ...process.env, PATH }, maxBuffer: 64 * 1024 * 1024 }
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      resolve({
        ok: error === null,
        output: `${stdout}\n${stderr}\n${error && !stdout && !stderr ? error.message : ''}`,
      })
    })
  })
}
