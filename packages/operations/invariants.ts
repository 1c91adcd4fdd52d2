import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { Project } from '@sidecart/platform/config/project.ts'
import type { Verdict } from '@sidecart/verify/invariants/verify.ts'
import type { Invariants } from './contract.ts'

const everySeconds = 60
const graceSeconds = 5
/** The first look is at everything. */
const mostMs = 600_000

/**
 * Looks at what changed in the books since they were last found right, in a process of its own, so that the supervisor keeps its eyes on the shop. Once asked, it looks
 * again every minute for as long as somebody asks: without a console nobody pays for it.
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
    /** Looks now. */
    run,
    /** The last look; a new one begins when that is too long ago. */
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
        reject(new Error(stderr.split('\n')[0] || 'the books could not be read'))
      }
    })
  })
}
