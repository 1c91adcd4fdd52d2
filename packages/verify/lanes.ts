/** A worker of `runInLanes`: `takes` says which runs may go here, and `first` which of these are preferred. */
export type Lane<Run> = {
  takes?(run: Run): boolean
  first?(run: Run): boolean
  start(run: Run): Promise<void>
}

/**
 * Starts every run once, one at a time in each lane. A lane that is free takes the next run of the list that it may
 * take; one that it prefers goes before the others.
 * @throws Error when no lane takes some run, before any is started, and the error of a run, when all lanes have ended
 */
export async function runInLanes<Run>(
  runs: readonly Run[],
  lanes: readonly Lane<Run>[],
): Promise<void> {
  const left = new Set(runs)
  for (const run of left)
    if (!lanes.some((lane) => mayTake(lane, run))) throw new Error('no lane takes a run')
  const next = (lane: Lane<Run>): Run | undefined => {
    const possible = [...left].filter((run) => mayTake(lane, run))
    return possible.find((run) => lane.first?.(run)) ?? possible[0]
  }
  const ended = await Promise.allSettled(
    lanes.map(async (lane) => {
      for (let run = next(lane); run !== undefined; run = next(lane)) {
        left.delete(run)
        await lane.start(run)
      }
    }),
  )
  for (const lane of ended) if (lane.status === 'rejected') throw lane.reason
}

const mayTake = <Run>({ takes }: Lane<Run>, run: Run): boolean => takes?.(run) ?? true
