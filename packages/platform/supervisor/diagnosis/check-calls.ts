import { setTimeout as pause } from 'node:timers/promises'
import { UserError } from '../../config/project.ts'
import { tail } from '../process-spec.ts'

const everyMs = 250
const patienceMs = 15_000

/**
 * Calls every service through the gateway and its sidecar, as a customer's browser does: ready processes do not prove
 * that sidecars find and admit each other.
 *
 * @throws UserError naming the services unreachable after `forMs`, with the gateway's last log lines about them
 */
export async function assertCallsReach(
  gateway: string,
  logFile: string,
  forMs = patienceMs,
): Promise<void> {
  const deadline = Date.now() + forMs
  let missing = await unreached(gateway)
  while (missing && Date.now() < deadline) {
    await pause(everyMs)
    missing = await unreached(gateway)
  }
  if (!missing) return
  const why = tail(logFile, 200).filter((line) => /no API document/.test(line))
  throw new UserError(
    [
      `every process runs, but calls from the gateway do not reach ${missing}.`,
      'Look at nameResolution, mtls and accessControl in components/common/configuration/, and at the network.',
      ...why.slice(-2).map((line) => `    ${line.slice(0, 400)}`),
    ].join('\n'),
  )
}

/** Returns the services missing in the merged API document, such as `users, orders`; undefined when complete. */
async function unreached(gateway: string): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(5_000)
    const answer = await fetch(`${gateway}/openapi.json`, { signal })
    const { info } = (await answer.json()) as { info?: { description?: string } }
    return /missing here: (.+)\.$/.exec(info?.description ?? '')?.[1]
  } catch {
    return 'the gateway'
  }
}
