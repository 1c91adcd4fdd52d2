import { availableParallelism } from 'node:os'
import { asEnvironment } from '@sidecart/platform/config/components/component-sets.ts'
import { type Project, projectAt } from '@sidecart/platform/config/project.ts'
import { ensureRuntime } from '@sidecart/platform/install/ensure.ts'
import {
  chromium,
  ensureProgram,
  installVariable,
  nginx,
  openssl,
  type Program,
  prometheus,
} from '@sidecart/platform/install/packages.ts'
import { seconds } from '@sidecart/platform/process/terminal.ts'
import { serverBehind, servers } from '@sidecart/platform/servers/registry.ts'
import { ensureWebApp } from '@sidecart/platform/supervisor/web-app.ts'
import { type Lane, runInLanes } from '@sidecart/verify/lanes.ts'
import { besideSandboxes, createSandbox, type Sandbox } from '@sidecart/verify/sandbox.ts'
import { failuresOf, runVitest } from '@sidecart/verify/vitest.ts'

type Outcome = { passed: number; failures: string[]; skipped: string[] }

type Run = {
  name: string
  args: readonly string[]
  env?: NodeJS.ProcessEnv
  /** Needs the server of a component set on this machine, the browser, NGINX, or Prometheus. */
  needs?: string | undefined
  /** Needs the network of this machine: installs packages or programs. */
  online?: boolean
}

const projects = (...names: string[]): Run => ({
  name: names.join(' and '),
  args: names.flatMap((name) => ['--project', name]),
})

const browser = 'chromium'
const programsOf: Record<string, readonly Program[]> = {
  nginx: [nginx, openssl],
  prometheus: [prometheus],
}

/** The sets tried in each run, without tests that take minutes; `sidecart conformance` tries the others. */
const sets = [
  { kind: 'broker', set: 'jetstream' },
  { kind: 'broker', set: 'redis' },
  { kind: 'broker', set: 'rabbitmq' },
  { kind: 'broker', set: 'kafka' },
  { kind: 'state', set: 'postgresql' },
  { kind: 'state', set: 'redis' },
] as const

/** One vitest run per entry. `--project NAME` selects one. */
const quick: readonly Run[] = [
  { ...projects('unit', 'architecture'), online: true },
  { ...projects('integration'), online: true },
  { ...projects('browser'), needs: browser },
  projects('system', 'security'),
]
/** Of the fuzzing in `--deep`: always the same. `npm run fuzz` makes up others each time, and more. */
const fewExamples = { FUZZ_EXAMPLES: '20', FUZZ_SEED: '1' }
/**
 * The runs of `--deep`: mutation tests, chaos, outages, crashes, a swap, unusual machines, fuzzing. The project `deploy`, which builds
 * the images and starts the containers, has a command of its own: a run takes twenty minutes and needs a container
 * engine. So has `mixed`, which needs the history of the repository.
 */
const deep: readonly Run[] = [
  // the longest first, so that the lanes end at about the same time
  { ...projects('scaffold'), online: true },
  { ...projects('guides'), needs: 'redis', online: true },
  projects('outage'),
  projects('crash'),
  { ...projects('swap'), needs: 'redis' },
  projects('availability'),
  projects('chaos'),
  { ...projects('scale'), needs: 'kafka' },
  projects('mutations'),
  { ...projects('fuzz'), env: fewExamples, online: true },
  { ...projects('machine'), online: true },
  // fetches Zipkin
  { ...projects('observability'), needs: 'prometheus', online: true },
  { ...projects('nginx'), needs: 'nginx' },
  { ...projects('kubernetes'), online: true },
  ...sets.map(conformanceOf),
]
/** Runs beside each other: `SIDECART_LANES`, or 2 on a machine with two processors or more. */
const lanes = Number(process.env.SIDECART_LANES ?? Math.min(2, availableParallelism()))
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
    const programs = programsOf[what]
    const server = servers.find(({ name }) => name === what)
    if (!programs) return server?.version(project, runtime)
    for (const program of programs) await ensureProgram(program, { log: console.error })
  }
  const missingFor = (what: string) =>
    partFor(what).then(
      () => undefined,
      (error: Error) => error.message,
    )
  const skipped: string[] = []
  const runs: Run[] = []
  for (const one of chosenBy(given)) {
    const missing = one.needs && (await missingFor(one.needs))
    if (missing) skipped.push(`${one.name}: ${missing}`)
    else runs.push(one)
  }
  const outcomes = await runAll(project, runs, passedThrough)
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

function chosenBy(given: readonly string[]): readonly Run[] {
  if (given.includes('--project')) return [asTold]
  if (given.includes('--all')) return [...quick, ...deep]
  return given.includes('--deep') ? deep : quick
}

/**
 * Runs everything, several at a time where a sandbox is possible: many wait more than they compute. All lanes but the
 * first are offline. Returns the outcomes in the order of `runs`.
 */
async function runAll(
  project: Project,
  runs: readonly Run[],
  passedThrough: readonly string[],
): Promise<Outcome[]> {
  const outcomes = new Map<Run, Outcome>()
  const laneOf = (where: Where): Lane<Run> => ({
    start: async (one) => void outcomes.set(one, await run(project, one, where)),
  })
  const others = Math.min(lanes, runs.length) - 1
  const sandboxes = Array.from({ length: others }, () => createSandbox(project)).filter(
    (sandbox) => sandbox !== undefined,
  )
  const isBeside = sandboxes.length > 0
  const first = ({ online = false }: Run) => online
  const takes = (one: Run) => !first(one)
  try {
    // all lanes show the same pages
    if (isBeside) await ensureWebApp(project)
    await runInLanes(runs, [
      {
        ...laneOf({
          passedThrough,
          isBeside,
          ...(isBeside && { sandbox: besideSandboxes(project) }),
        }),
        first,
      },
      ...sandboxes.map((sandbox) => ({ ...laneOf({ passedThrough, isBeside, sandbox }), takes })),
    ])
  } finally {
    for (const sandbox of sandboxes) sandbox.remove()
  }
  return runs.flatMap((one) => outcomes.get(one) ?? [])
}

async function chromiumHere(): Promise<unknown> {
  return process.env.CHROME_PATH ?? ensureProgram(chromium, { log: console.error })
}

/** The capability tests of a set, without those lasting minutes. */
function conformanceOf({ kind, set }: (typeof sets)[number]): Run {
  return {
    name: `conformance of the ${kind} set ${set}`,
    args: ['--project', 'conformance', `tests/conformance/${kind}.test.ts`],
    env: { ...asEnvironment({ [kind]: set }), SIDECART_CONFORMANCE: 'quick' },
    needs: serverBehind(kind, set, projectAt().root)?.name,
  }
}

type Where = { passedThrough: readonly string[]; isBeside: boolean; sandbox?: Sandbox }

async function run(
  project: Project,
  { name, args, env = {} }: Run,
  { passedThrough, isBeside, sandbox }: Where,
): Promise<Outcome> {
  console.log(
    `\n── ${name} tests${sandbox && sandbox.home !== project.home ? ', in a sandbox' : ''}`,
  )
  const began = performance.now()
  const result = await runVitest(project, {
    name: name.replaceAll(' ', '-'),
    args: ['--passWithNoTests', ...args, ...passedThrough],
    env,
    sandbox,
    ...(isBeside && { prefix: `${name} │ ` }),
  })
  console.log(`── ${name} tests took ${seconds(performance.now() - began)}`)
  const results = result.files.flatMap(({ assertionResults }) => assertionResults)
  return {
    passed: results.filter(({ status }) => status === 'passed').length,
    failures: failuresOf(result).map((failure) => `FAILED: ${name}: ${failure}`),
    skipped: results.flatMap(({ title = '' }) => /.*\[not tried: .*/.exec(title)?.[0] ?? []),
  }
}
