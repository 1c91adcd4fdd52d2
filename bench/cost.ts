import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { readSecrets } from '@sidecart/platform/config/secrets.ts'
import { table } from '@sidecart/platform/process/terminal.ts'
import { readState } from '@sidecart/platform/supervisor/state-file.ts'
import { contendersCalled } from './contenders.ts'
import { countPerOrder } from './cost-per-order.ts'
import { startDriver } from './driver/driver.ts'
import { callsServedBy } from './measure/requests.ts'
import { difference, openMeter, total } from './meter.ts'
import { median } from './statistics.ts'
import { runStep } from './step.ts'
import { type Opened, opened, staged, violationsAt } from './trial.ts'

/* CPU per order of this checkout, process by process, and of older revisions in turn with it: every shop sells the same
   number of orders at the same rate, on fresh data. A revision runs by its own `sidecart up`, in a checkout below
   `.sidecart/bench/revisions/`; the driver and the counters are those of this checkout. */
const { values: given } = parseArgs({
  options: {
    against: { type: 'string', multiple: true, default: [] },
    orders: { type: 'string', default: '500' },
    rate: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '1' },
  },
})
const rate = Number(given.rate)
const load = { ordersPerSecond: rate, seconds: Number(given.orders) / rate }
const warmUp = { ordersPerSecond: 25, seconds: 16 }
const countedOrders = 20
const run = promisify(execFile)
const own = projectAt()
const legs = { call: 3, publish: 2, receive: 2 }

type Measured = {
  counts: Awaited<ReturnType<typeof countPerOrder>>
  cpu: Record<string, number>
  idle: Record<string, number>
}

type Places = Awaited<ReturnType<typeof staged>>

/** Measures a shop that runs on fresh data. */
async function measure(
  shop: Opened,
  violations: (places: Places) => Promise<string[]>,
): Promise<Measured> {
  const { project, driver, meter } = shop
  const places = await staged(shop)
  await runStep('warm-up', shop, warmUp)
  const ports = (readState(project)?.processes ?? []).flatMap(({ role, name, ports: { app } }) =>
    role === 'app' && app && name !== 'gateway' ? [app] : [],
  )
  const counts = await countPerOrder(
    { driver, meter, legs, calls: () => callsServedBy(ports) },
    countedOrders,
  )
  const before = meter.cpuMs()
  await pause(idleMs)
  const used = Object.entries(difference(meter.cpuMs(), before))
  const idle = Object.fromEntries(used.map(([name, ms]) => [name, (ms * 1000) / idleMs]))
  const { cpuMs, completed, why } = await runStep('equal', shop, load)
  if (completed === 0) throw new Error(`no order was completed: ${why}`)
  for (const violation of await violations(places)) console.error(violation)
  const cpu = Object.fromEntries(Object.entries(cpuMs).map(([name, ms]) => [name, ms / completed]))
  return { counts, cpu, idle }
}
const idleMs = 5_000

/** Runs an older revision by its own `sidecart up`, in a checkout of its own. */
async function measureRevision(revision: string): Promise<Measured> {
  const { root, cli } = await checkout(revision)
  const project = projectAt(root)
  const sidecart = (...args: string[]) =>
    run('node', [cli, ...args], { cwd: root, env: { ...process.env, LIMITS_FACTOR: '100' } })
  /** By the revision's own rules: its tables may have other columns. */
  const violations = async ({ record }: Places): Promise<string[]> => {
    const verdict = await sidecart('verify', '--record', record).catch((ended) => ended)
    return (verdict.stdout as string).split('\n').filter((line) => line.startsWith('✗'))
  }
  rmSync(project.home, { recursive: true, force: true })
  mkdirSync(project.home, { recursive: true })
  // what is known of the installed programs
  const runtime = 'runtime.json'
  if (existsSync(join(own.home, runtime)))
    cpSync(join(own.home, runtime), join(project.home, runtime))
  const driver = startDriver()
  try {
    await sidecart('up', '--detach')
    const meter = await openMeter(project, readSecrets(project))
    try {
      return await measure({ project, units: [], driver, meter, readyMs: 0 }, violations)
    } finally {
      await meter.close()
    }
  } finally {
    driver.leave()
    await sidecart('down')
  }
}

/** Checks out a revision with its own packages, unless that is done already. */
async function checkout(revision: string): Promise<{ root: string; cli: string }> {
  const root = join(own.home, 'bench', 'revisions', revision)
  if (!existsSync(root)) {
    mkdirSync(join(own.home, 'bench', 'revisions'), { recursive: true })
    await run('git', ['worktree', 'add', '--detach', root, revision], { cwd: own.root })
  }
  const lock = (folder: string) => readFileSync(join(folder, 'package-lock.json'), 'utf8')
  if (!existsSync(join(root, 'node_modules'))) {
    // links to the workspaces are relative
    if (lock(root) === lock(own.root))
      await run('cp', ['-al', join(own.root, 'node_modules'), join(root, 'node_modules')])
    else await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root })
  }
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return { root, cli: join(root, bin.sidecart) }
}

const [dapr] = contendersCalled(['dapr'])
const here = () =>
  opened((dapr as NonNullable<typeof dapr>).plan, (shop) => measure(shop, violationsAt))
const contestants: [string, () => Promise<Measured>][] = [
  ...given.against.map(
    (revision) => [revision, () => measureRevision(revision)] as [string, () => Promise<Measured>],
  ),
  ['here', here],
]
const results = new Map<string, Measured[]>(contestants.map(([name]) => [name, []]))
for (let round = 0; round < Number(given.rounds); round += 1) {
  for (const [name, contest] of round % 2 === 0 ? contestants : contestants.toReversed()) {
    const measured = await contest()
    results.get(name)?.push(measured)
    console.error(name, total(measured.cpu).toFixed(1))
  }
}
print(results)

function print(results: Map<string, Measured[]>): void {
  const names = [...results.keys()]
  const row = (title: string, of: (measured: Measured) => number | undefined, digits = 2) => [
    title,
    ...names.map((name) =>
      median((results.get(name) ?? []).map((one) => of(one) ?? 0)).toFixed(digits),
    ),
  ]
  const processes = [
    ...new Set([...results.values()].flat().flatMap(({ cpu }) => Object.keys(cpu))),
  ]
  console.log(
    table([
      ['', ...names],
      row('CPU ms per order', ({ cpu }) => total(cpu), 1),
      ...processes.map((name) => row(name, ({ cpu }) => cpu[name])),
      row('idle, ms of CPU a second', ({ idle }) => total(idle), 0),
      ...processes.map((name) => row(`idle ${name}`, ({ idle }) => idle[name], 1)),
      ...(['hops', 'commits', 'statements', 'walBytes', 'published', 'received'] as const).map(
        (name) => row(name, ({ counts }) => counts[name], 1),
      ),
    ]),
  )
}
