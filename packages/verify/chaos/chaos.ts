import { join } from 'node:path'
import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { openHttpClient } from '@sidecart/client/http-client.ts'
import type { ComponentSelection } from '@sidecart/platform/config/components/component-sets.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { type Project, UserError } from '@sidecart/platform/config/project.ts'
import { databases } from '@sidecart/platform/config/secrets.ts'
import type { Progress } from '@sidecart/platform/process/terminal.ts'
import { brokerAmong } from '@sidecart/platform/servers/registry.ts'
import { down } from '@sidecart/platform/supervisor/down.ts'
import {
  type NetworkProxies,
  openNetworkProxies,
} from '@sidecart/platform/supervisor/network/network-proxies.ts'
import { readState, supervisorOf } from '@sidecart/platform/supervisor/state-file.ts'
import { upUnlessRunning } from '@sidecart/platform/supervisor/up.ts'
import { createInjector } from '../faults/inject.ts'
import { everywhere, type Kind, schedule } from '../faults/schedule.ts'
import { createRecorder } from '../invariants/client-journal.ts'
import { type Happened, startFaultRun } from './fault-run.ts'
import { setStage } from './fixtures.ts'
import { createShoppers, shoppingTasks, type Tally } from './shoppers.ts'
import { type Rest, untilRest } from './wait-until-idle.ts'

export type ChaosOptions = {
  seed: number
  orders: number
  perSecond: number
  everySeconds: number
  kinds: readonly Kind[]
  /** Maximum seconds until the shop is idle after the last fault. */
  restSeconds: number
  /** Component sets used when `chaos` starts the shop itself. */
  choice: ComponentSelection
}

export type ChaosReport = {
  ok: boolean
  seed: number
  orders: Pick<Tally, 'attempted' | 'accepted' | 'refused' | 'unknown'> & Record<string, number>
  faults: Happened[]
  /** Seconds from the end of the last fault until the shop was idle. */
  recoverySeconds: number
  violations: string[]
  /** Path of the client journal: requests and responses as JSON lines. */
  record: string
}

const customers = 16

/**
 * Places orders while faults are injected, waits until the shop is idle, and checks the invariants.
 * Starts and stops the shop unless one is running.
 */
export async function chaos(
  project: Project,
  options: ChaosOptions,
  progress: Progress,
): Promise<ChaosReport> {
  const links = options.kinds.includes('network') ? await linksOf(project) : new Map()
  const opened = await upUnlessRunning(project, options.choice, progress)
  try {
    return await weather(project, options, { progress, links })
  } finally {
    progress.end()
    if (opened) await down(project)
    await Promise.all([...links.values()].map((link) => link.close()))
  }
}

async function linksOf(project: Project): Promise<NetworkProxies> {
  if (supervisorOf(readState(project)))
    throw new UserError('network faults need a shop that chaos starts itself: ./sidecart down')
  return openNetworkProxies()
}

async function weather(
  project: Project,
  { seed, orders, perSecond, everySeconds, kinds, restSeconds }: ChaosOptions,
  { progress, links }: { progress: Progress; links: NetworkProxies },
): Promise<ChaosReport> {
  const shop = await connectionInfo()
  const file = join(project.home, 'chaos', `${seed}-${Date.now()}.jsonl`)
  const record = createRecorder(file)
  const gateway = openHttpClient(shop.gateway)
  progress.wait('registering customers, stocking up')
  const wanted = { orders, customers, mailed: customers / 4, plentiful: 14, scarce: 1 }
  const stage = await setStage(gateway, shop.signingKeys, wanted, shop.inbox)
  for (const { customerId } of stage.customers) record({ is: 'customer', customerId })
  const shoppers = createShoppers(stage.customers, record)

  progress.line(`seed ${seed}: ${orders} orders, ${perSecond} a second; what breaks:`)
  const targets = targetsOf(project)
  const faults = schedule(seed, possible(kinds, targets.broker), targets, everySeconds)
  const began = performance.now()
  const storm = startFaultRun(faults, createInjector(project, { gateway, links }), (line) =>
    progress.line(`${clock(began)}  ${line}`),
  )
  const telling = tell(progress, () => `${clock(began)}  ${spoken(shoppers.tally, orders)}`)
  await shoppers.send(shoppingTasks(seed, orders, stage.customers.length, stage.skus), perSecond)
  await storm.calm()
  clearInterval(telling)

  progress.line(`${clock(began)}  ${spoken(shoppers.tally, orders)}; the storm is over`)
  let unsettled = 'not looked at yet'
  const waiting = tell(progress, () => `${clock(began)}  coming to rest: ${unsettled}`)
  const rest = await untilRest({ ...shop, record: file }, restSeconds, (what) => {
    unsettled = what
  })
  clearInterval(waiting)
  await gateway.close()
  const { underWay, ...tally } = shoppers.tally
  return {
    ok: rest.ok,
    seed,
    orders: {
      ...tally,
      ...statusesOf(rest, new Set(stage.customers.map((one) => one.customerId))),
    },
    faults: [...storm.happened],
    recoverySeconds: rest.seconds,
    violations: rest.checks.flatMap(({ name, violations }) =>
      violations.map((violation) => `${name}: ${violation}`),
    ),
    record: file,
  }
}

function targetsOf(project: Project) {
  const apps = new Set(readRunFile(project.runFile).map(({ name }) => name))
  const running = (readState(project)?.processes ?? []).map(({ name }) => name)
  const processes = running.filter((name) => apps.has(name.replace(/(-\d+)?(-sidecar)?$/, '')))
  return { processes, databases, broker: brokerAmong(running) }
}

function possible(kinds: readonly Kind[], broker: string): readonly Kind[] {
  if (broker === 'nats') return kinds
  const left = kinds.filter((kind) => everywhere.includes(kind))
  if (left.length === 0) throw new UserError(`these faults need NATS as broker, not ${broker}`)
  return left
}

const tellEveryMs = 10_000

/** Reports progress: one changing line on a terminal, otherwise a new line every 10 s. */
function tell(progress: Progress, words: () => string): NodeJS.Timeout {
  return progress.live
    ? setInterval(() => progress.wait(words()), 500)
    : setInterval(() => progress.line(words()), tellEveryMs)
}

const clock = (began: number): string =>
  `${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s`

const spoken = ({ attempted, accepted, refused, unknown, underWay }: Tally, orders: number) =>
  `${attempted} of ${orders} sent, ${accepted} accepted, ${refused} refused, ${unknown} unknown, ${underWay} under way`

/** Counts the orders of these customers by status. */
function statusesOf({ world }: Rest, customers: ReadonlySet<string>): Record<string, number> {
  const theirs = world.orders.filter(({ customerId }) => customers.has(customerId))
  const counts: Record<string, number> = { confirmed: 0, cancelled: 0 }
  for (const { status } of theirs) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
