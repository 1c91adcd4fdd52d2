import { asEnvironment, type Kind } from '@sidecart/platform/config/components/component-sets.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { ensureRuntime } from '@sidecart/platform/install/ensure.ts'
import {
  chromium,
  ensureProgram,
  installVariable,
  nginx,
  openssl,
} from '@sidecart/platform/install/packages.ts'
import { seconds } from '@sidecart/platform/process/terminal.ts'
import { serverOf } from '@sidecart/verify/conformance/versions.ts'
import { failuresOf, runVitest } from '@sidecart/verify/vitest.ts'

type Outcome = { passed: number; failures: string[]; skipped: string[] }

type Run = {
  name: string
  args: readonly string[]
  env?: NodeJS.ProcessEnv
  /** Needs a component set's server on this machine, the browser, or NGINX. */
  needs?: string
}

const projects = (...names: string[]): Run => ({
  name: names.join(' and '),
  args: names.flatMap((name) => ['--project', name]),
})

const browser = 'chromium'
const proxy = 'nginx'

/** The sets tried in each run, without tests that take minutes; `sidecart conformance` tries the others. */
const sets: readonly Partial<Record<Kind, string>>[] = [
  { broker: 'jetstream' },
  { broker: 'redis' },
  { broker: 'rabbitmq' },
  { broker: 'kafka' },
  { state: 'postgresql' },
  { state: 'redis' },
]

/** One vitest run per entry, cheapest first. `--project NAME` selects one. */
const quick: readonly Run[] = [
  projects('unit', 'architecture'),
  projects('integration'),
  projects('system', 'security'),
  { ...projects('browser'), needs: browser },
]
/** Of the fuzzing in `--deep`: always the same. `npm run fuzz` makes up others each time, and more. */
const fewExamples = { FUZZ_EXAMPLES: '20', FUZZ_SEED: '1' }
/**
 * The runs of `--deep`: mutation tests, chaos, outages, crashes, a swap, unusual machines, fuzzing. The project `deploy`, which builds
 * the images and starts the containers, has a command of its own: a run takes twenty minutes and needs a container
 * engine. So has `mixed`, which needs the history of the repository.
 */
const deep: readonly Run[] = [
  projects('mutations'),
  projects('availability'),
  projects('outage'),
  { ...projects('nginx'), needs: proxy },
  projects('observability'),
  projects('chaos'),
  projects('crash'),
  { ...projects('scale'), needs: 'kafka' },
  { ...projects('swap'), needs: 'redis' },
  projects('machine'),
  projects('scaffold'),
  projects('guides'),
  projects('kubernetes'),
  { ...projects('fuzz'), env: fewExamples },
  ...sets.map(conformanceOf),
]
/** Makes every part required: a test skipped because a part is missing fails the run. */
const allRequired = 'SIDECART_REQUIRE_ALL'
const asTold: Run = { name: 'chosen', args: [] }

/**
 * Prepares the test environment, runs the tests and prints a summary. `--deep`, `--all` and `--install` are options of
 * this command; all others are passed to vitest. Returns the exit code: 0 when some tests passed, none failed, and no
 * required part is missing.
 */
export async function runTests(project: Project, given: readonly string[]): Promise<number> {
  const ours = ['--deep', '--all', '--install']
  const passedThrough = given.filter((word) => !ours.includes(word))
  if (given.includes('--install')) process.env[installVariable] = '1'
  const runtime = await ensureRuntime({ project: project.root })
  const partFor = async (what: string): Promise<unknown> => {
    if (what === browser) return chromiumHere()
    if (what === proxy) return nginxHere()
    return serverOf(project, runtime, what)
  }
  const missingFor = (what: string) =>
    partFor(what).then(
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

async function nginxHere(): Promise<void> {
  for (const program of [nginx, openssl]) await ensureProgram(program, { log: console.error })
}

/** The capability tests of a set, without those lasting minutes. */
function conformanceOf(choice: Partial<Record<Kind, string>>): Run {
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
