import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Places } from '@sidecart/client/connection-info.ts'
import { UserError } from '@sidecart/platform/config/project.ts'
import { type Verdict, type VerifyOptions, verify } from './verify.ts'

type Outcome = { verdict: Verdict } | { advice: string }

/** Without a limit, the garbage collector lets a heap of 40 MB grow tenfold before collecting. */
const resourceLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 }

/**
 * Runs `verify` in a thread with limited memory, whatever the size of the shop.
 * @throws UserError as `verify` does
 */
export function verifyInWorker(places: Places, options: VerifyOptions): Promise<Verdict> {
  const { promise, resolve, reject } = Promise.withResolvers<Verdict>()
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { places, options },
    resourceLimits,
  })
  worker.once('message', (outcome: Outcome) =>
    'verdict' in outcome ? resolve(outcome.verdict) : reject(new UserError(outcome.advice)),
  )
  worker.once('error', reject)
  return promise
}

if (!isMainThread && parentPort && workerData?.places) {
  const { places, options } = workerData as { places: Places; options: VerifyOptions }
  const outcome = await verify(places, options).then(
    (verdict): Outcome => ({ verdict }),
    (error: unknown): Outcome => {
      if (error instanceof UserError) return { advice: error.message }
      throw error
    },
  )
  parentPort.postMessage(outcome)
}
