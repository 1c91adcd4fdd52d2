import { ensureRuntime } from '../runtime/ensure.ts'
import { serverOf } from './conformance/versions.ts'
import type { Project } from './project.ts'
import { asEnvironment, type Choice } from './sets.ts'
import { seconds } from './terminal.ts'
import { failuresOf, runVitest } from './vitest.ts'

type Outcome = { passed: number; failures: string[] }

type Run = {
  name: string
  args: readonly string[]
  env?: NodeJS.ProcessEnv
  /** A set whose server has to be had here. */
  needs?: string
}

const projects = (...names: string[]): Run => ({
  name: names.join(' and '),
  args: names.flatMap((name) => ['--project', name]),
})

/** The sets that are tried each time, without what takes minutes; the others by `sidecart conformance`. */
const sets: readonly Choice[] = [
  { broker: 'jetstream' },
  { broker: 'redis' },
  { broker: 'rabbitmq' },
  { broker: 'kafka' },
  { state: 'postgresql' },
  { state: 'redis' },
]

/** One vitest run each, in this order: what is cheap fails first. `--project NAME` chooses one. */
const runs = [
  projects('unit', 'architecture'),
  projects('integration'),
  projects('system'),
  projects('steady'),
  projects('chaos'),
  projects('browser'),
  projects('crash'),
  { ...projects('swap'), needs: 'redis' },
]
const asTold: Run = { name: 'chosen', args: [] }

/** Sets up what tests need, runs them and sums up. Answers the exit code: 0 when some passed and none failed. */
export async function runTests(
  project: Project,
  passedThrough: readonly string[],
): Promise<number> {
  const runtime = await ensureRuntime({ project: project.root })
  const missingFor = (set: string) =>
    serverOf(project, runtime, set).then(
      () => undefined,
      (error: Error) => error.message,
    )
  const outcomes: Outcome[] = []
  const skipped: string[] = []
  const chosen = passedThrough.includes('--project') ? [asTold] : runs
  const all = passedThrough.length > 0 ? chosen : [...chosen, ...sets.map(conformanceOf)]
  for (const one of all) {
    const missing = one.needs && (await missingFor(one.needs))
    if (missing) skipped.push(`NOT TRIED: ${one.name}: ${missing}`)
    else outcomes.push(await run(project, one, passedThrough))
  }
  const passed = outcomes.reduce((total, one) => total + one.passed, 0)
  const failures = outcomes.flatMap((one) => one.failures)
  for (const line of [...skipped, ...failures]) console.log(line)
  console.log(`${passed} passed, ${failures.length} failed`)
  return failures.length === 0 && passed > 0 ? 0 : 1
}

/** What the capabilities of a set are tried with, without those that take minutes. */
function conformanceOf(choice: Choice): Run {
  const [kind, set = ''] = Object.entries(choice)[0] ?? []
  return {
    name: `conformance of the ${kind} set ${set}`,
    args: ['--project', 'conformance', `tests/conformance/${kind}.test.ts`],
    env: { ...asEnvironment(choice), SIDECART_CONFORMANCE: 'quick' },
    needs: set,
  }
}

async function run(
  project: Project,
  { name, args, env = {} }: Run,
  passedThrough: readonly string[],
): Promise<Outcome> {
  console.log(`\n── ${name} tests`)
  const began = performance.now()
  const result = await runVitest(project, {
    name: name.replaceAll(' ', '-'),
    args: ['--passWithNoTests', ...args, ...passedThrough],
    env,
  })
  console.log(`── ${name} tests took ${seconds(performance.now() - began)}`)
  const results = result.files.flatMap(({ assertionResults }) => assertionResults)
  return {
    passed: results.filter(({ status }) => status === 'passed').length,
    failures: failuresOf(result).map((failure) => `FAILED: ${name}: ${failure}`),
  }
}
