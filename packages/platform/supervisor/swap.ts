import {
  asFlags,
  type ComponentSelection,
  chosen,
  setAmong,
  withSets,
} from '../config/components/component-sets.ts'
import { draining, untilQuiet } from '../config/components/pause-publishing.ts'
import { readRunFile } from '../config/dapr-yaml.ts'
import type { Project } from '../config/project.ts'
import { createProgress } from '../process/terminal.ts'
import { down } from './down.ts'
import { upInBackground } from './up.ts'

type Move = { from?: string | undefined; to: string }

/**
 * Replaces the broker with two restarts. The first pauses publishing on the old broker until consumers have drained all
 * events; the second starts the shop on the new broker, which receives the events from the outboxes. Orders are
 * accepted all the time except during the two restarts. Leaves the shop running.
 */
export async function swap(
  project: Project,
  { from, to }: Move,
  rest: Parameters<typeof chosen>[0],
): Promise<void> {
  const given = chosen(rest)
  const appConfigs = readRunFile(project.runFile)
  const old = from ?? setAmong('broker', appConfigs[0]?.resourcesPaths ?? [])
  const before = { ...given, ...(old && { broker: old }) }
  const after = { ...given, broker: to }
  withSets(project, appConfigs, after)
  const progress = createProgress()
  progress.line(`1 of 2: on ${old} until it is empty; events wait in the outboxes`)
  await restarted(project, before, true)
  await untilQuiet(
    appConfigs.map(({ ports }) => ports.metrics),
    (brought) => progress.wait(`${brought} events received; done when none came for a minute`),
  )
  progress.line(`2 of 2: on ${to}`)
  await restarted(project, after, false)
  progress.end()
  progress.line(`\nFor the next starts: ./sidecart up ${asFlags(after).join(' ')}`)
  progress.line(`or components/pubsub-${to} instead of components/pubsub-${old} in dapr.yaml`)
}

async function restarted(
  project: Project,
  choice: ComponentSelection,
  silent: boolean,
): Promise<void> {
  await down(project)
  if (silent) process.env[draining] = 'yes'
  else delete process.env[draining]
  await upInBackground(project, choice)
}
