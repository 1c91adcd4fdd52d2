import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { Project } from '@sidecart/platform/config/project.ts'
import type { Verdict } from '@sidecart/verify/invariants/verify.ts'
import type { Invariants } from './contract.ts'

const everySeconds = 60
const graceSeconds = 5
/** The first check covers all data. */
const mostMs = 600_000

/**
 * Runs `verify` on the data changed since the last clean check, in a separate process that leaves the supervisor
 * responsive. Repeats the check at most once a minute, only while a console asks for the result.
 */
export function createInvariants(project: Project) {
  let running: Promise<void> | undefined
  let last: Invariants['last']
  let failed: string | undefined

  async function look(): Promise<void> {
    const began = performance.now()
    try {
      const verdict = await verdictOf(project)
      const tookMs = Math.round(performance.now() - began)
      last = { at: new Date().toISOString(), tookMs, ...verdict }
      failed = undefined
    } catch (error) {
      failed = (error as Error).message
    }
  }

  function run(): Invariants {
    running ??= look().finally(() => {
      running = undefined
    })
    return now()
  }

  const now = (): Invariants => ({
    running: running !== undefined,
    everySeconds,
    ...(last && { last }),
    ...(failed !== undefined && { failed }),
  })

  return {
    /** Starts a check unless one is running. */
    run,
    /** Returns the latest result; starts a new check when the result is older than `everySeconds`. */
    ask(): Invariants {
      const ageMs = last ? Date.now() - Date.parse(last.at) : Number.POSITIVE_INFINITY
      return ageMs > everySeconds * 1000 ? run() : now()
    },
  }
}

function verdictOf({ root }: Project): Promise<Verdict> {
  const main = join(root, 'packages/cli/main.ts')
  const args = [main, 'verify', '--json', '--grace', String(graceSeconds)]
  const options = { cwd: root, timeout: mostMs, maxBuffer: 64 * 1024 * 1024 }
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, options, (_, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout) as Verdict)
      } catch {
        reject(new Error(stderr.split('\n')[0] || 'the databases could not be read'))
      }
    })
  })
}
