import { join } from 'node:path'
import {
  asEnvironment,
  type ComponentSelection,
  setAmong,
  setsOf,
} from '@sidecart/platform/config/components/component-sets.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { UserError } from '@sidecart/platform/config/project.ts'
import { ensureRuntime } from '@sidecart/platform/install/ensure.ts'
import { pins } from '@sidecart/platform/install/versions.ts'
import { assertNotRunning } from '@sidecart/platform/supervisor/shop.ts'
import { failuresOf, runVitest } from '../vitest.ts'
import type { Result } from './results.ts'
import { wholeShop } from './shop.ts'
import { versionOf } from './versions.ts'

type Kind = Result['kind']

/**
 * Runs the conformance suite against real servers, for the chosen sets or else the sets named in
 * dapr.yaml. Unless `quick` is set, also runs the whole shop on these sets.
 */
export async function conformance(
  project: Project,
  choice: ComponentSelection,
  { kinds, quick }: { kinds: readonly Kind[]; quick: boolean },
): Promise<Result[]> {
  assertNotRunning(project)
  const [broker, state] = [setOf(project, choice, 'broker'), setOf(project, choice, 'state')]
  const results: Result[] = []
  for (const kind of kinds) results.push(await tried(project, kind, { broker, state }[kind]))
  const shop = quick ? undefined : await wholeShop(project, { broker, state })
  return shop ? results.map((result) => ({ ...result, shop })) : results
}

function setOf(project: Project, choice: ComponentSelection, kind: Kind): string {
  const set = choice[kind] ?? setAmong(kind, readRunFile(project.runFile)[0]?.resourcesPaths ?? [])
  const there = setsOf(kind, join(project.root, 'components'))
  if (set && there.includes(set)) return set
  throw new UserError(`there is no ${kind} set ${set ?? ''} in components/: ${there.join(', ')}`)
}

async function tried(project: Project, kind: Kind, set: string): Promise<Result> {
  const runtime = await ensureRuntime({ project: project.root })
  const server = await versionOf(project, runtime, { kind, set })
  const began = performance.now()
  const { files, code } = await runVitest(project, {
    name: `conformance-${kind}-${set}`,
    args: ['--project', 'conformance', `tests/conformance/${kind}.test.ts`],
    env: asEnvironment({ [kind]: set }),
    quiet: true,
  })
  const tests = files.flatMap(({ assertionResults }) => assertionResults)
  const seen = tests.flatMap(({ meta }) =>
    meta?.capability ? [[meta.capability, meta.works === true] as const] : [],
  )
  return {
    kind,
    set,
    versions: `Dapr ${pins.daprd.version}, ${server}`,
    date: new Date().toISOString().slice(0, 10),
    seconds: Math.round((performance.now() - began) / 1000),
    works: Object.fromEntries(seen),
    failures: failuresOf({ files, code }),
  }
}
