import { asEnvironment, type ComponentSelection } from '@sidecart/platform/config/component-sets.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { ensureRuntime } from '@sidecart/platform/install/ensure.ts'
import { chromium, ensureProgram, installVariable } from '@sidecart/platform/install/packages.ts'
import { seconds } from '@sidecart/platform/process/terminal.ts'
import { serverOf } from '@sidecart/verify/conformance/versions.ts'
import { failuresOf, runVitest } from '@sidecart/verify/vitest.ts'

type Outcome = { passed: number; failures: string[]; skipped: string[] }

type Run = {
  name: string
  args: readonly string[]
  env?: NodeJS.ProcessEnv
  /** A set whose server has to be had here, or the browser. */
  needs?: string
}

const projects = (...names: string[]): Run => ({
  name: names.join(' and '),
  args: names.flatMap((name) => ['--project', name]),
})

const browser = 'chromium'

/** The sets that are tried each time, without what takes minutes; the others by `sidecart conformance`. */
const sets: readonly ComponentSelection[] = [
  { broker: 'jetstream' },
  { broker: 'redis' },
  { broker: 'rabbitmq' },
  { broker: 'kafka' },
  { state: 'postgresql' },
  { state: 'redis' },
]

/** One vitest run each, in this order: what is cheap fails first. `--project NAME` chooses one. */
const quick: readonly Run[] = [
  projects('unit', 'architecture'),
  projects('integration'),
  projects('system', 'security'),
  { ...projects('browser'), needs: browser },
]
/**
 * What takes safeguards away, breaks the shop on purpose, moves it, or starts it on odd machines: `--deep`. The project `deploy`, which builds the
 * images and starts the containers, is run on its own: it takes twelve minutes and an engine.
 */
const deep: readonly Run[] = [
  projects('mutations'),
  projects('availability'),
  projects('chaos'),
  projects('crash'),
  { ...projects('swap'), needs: 'redis' },
  projects('machine'),
  ...sets.map(conformanceOf),
]
/** All parts are required: a test that is skipped because one is missing fails the run. */
const allRequired = 'SIDECART_REQUIRE_ALL'
const asTold: Run = { name: 'chosen', args: [] }

/**
 * Sets up what tests need, runs them and sums up. `--deep`, `--all` and `--install` are for this command, the rest is
 * for vitest. Returns the exit code: 0 when some passed, none failed, and nothing is missing that is required.
 */
export async function runTests(project: Project, given: readonly string[]): Promise<number> {
  const ours = ['--deep', '--all', '--install']
  const passedThrough = given.filter((word) => !ours.includes(word))
  if (given.includes('--install')) process.env[installVariable] = '1'
  const runtime = await ensureRuntime({ project: project.root })
  const missingFor = (what: string) =>
    (what === browser ? chromiumHere() : serverOf(project, runtime, what)).then(
      () => undefined,
      (error: Error) => error.message,
    )
  const outcomes: Outcome[] = []
  const skipped: string[] = []
  const runs = given.includes('--all')
    ? [...quick, ...deep]
    : given.includes('--deep')
      ? deep
      : quick
  for (const one of passedThrough.includes('--project') ? [asTold] : runs) {
    const missing = one.needs && (await missingFor(one.needs))
    if (missing) skipped.push(`${one.name}: ${missing}`)
    else outcomes.push(await run(project, one, passedThrough))
  }
  const passed = outcomes.reduce((total, one) => total + one.passed, 0)
  const failures = outcomes.flatMap((one) => one.failures)
  const missing = [...skipped, ...outcomes.flatMap((one) => one.skipped)]
  for (const line of missing) console.log(`NOT TRIED: ${line}`)
  for (const line of failures) console.log(line)
  const required = process.env[allRequired] === '1'
  if (required && missing.length > 0)
    console.log(`${allRequired}=1: what was not tried counts as failed`)
  const failed = failures.length + (required ? missing.length : 0)
  console.log(`${passed} passed, ${failed} failed, ${missing.length} skipped`)
  return failed === 0 && passed > 0 ? 0 : 1
}

async function chromiumHere(): Promise<unknown> {
  return process.env.CHROME_PATH ?? ensureProgram(chromium, { log: console.error })
}

/** What the capabilities of a set are tried with, without those that take minutes. */
function conformanceOf(choice: ComponentSelection): Run {
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
    skipped: results.flatMap(({ title = '' }) => /.*\[not tried: .*/.exec(title)?.[0] ?? []),
  }
}
