import { setTimeout as pause } from 'node:timers/promises'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { crashPoints, isPassOf } from './copy.ts'
import { invariantsHold } from './invariants.ts'
import { type CrashShop, startCrashShop } from './shop.ts'
import {
  newcomer,
  openDeadLetters, // notifications: optional line
  type Shopping,
  type ShoppingTask,
  shoppingTasks,
  signIn,
} from './shoppers.ts'

/** A pattern of the passes (`service: name@pass`) to crash at, instead of all. */
const chosen = process.env.CRASH_AT
/**
 * Services crashing in parallel, one lane each. Crashing all at once would prevent any progress.
 */
const lanes = [
  ['orders', 'payments', 'provider'],
  ['users', 'catalog', 'carts', 'gateway'],
  ['notifications'], // notifications: optional line
]
const patienceMs = 240_000

let shop: CrashShop
let shopping: Shopping
type Way = { errand: ShoppingTask; ms: number }
/** The tasks passing each point, fastest first. A task may have passed a point by chance. */
const ways = new Map<string, Way[]>()
/** All running or finished tasks, and their errors. */
const people: Promise<void>[] = []
const troubles: string[] = []

beforeAll(async () => {
  shop = await startCrashShop()
  shopping = { ...shop, operator: await signIn(shop.demoOperator), customer: await newcomer() }
  shop.note({ is: 'customer', customerId: shopping.customer.customerId })
})
afterAll(async () => {
  await shop.stop()
})

it('every errand succeeds while nothing crashes', async () => {
  const walks: (Way & { points: Set<string> })[] = []
  for (const errand of Object.values(shoppingTasks)) {
    const [before, began] = [shop.passed().length, performance.now()]
    await errand(shopping)
    const ms = performance.now() - began
    await quiet()
    walks.push({ errand, ms, points: new Set(shop.passed().slice(before)) })
  }
  for (const { errand, ms, points } of walks.sort((one, other) => one.ms - other.ms))
    for (const point of points) ways.set(point, [...waysTo(point), { errand, ms }])
  await invariantsHold(shop)
}, 120_000)

it('whatever is killed at any point, every errand succeeds and the invariants hold', async () => {
  const passes = Map.groupBy(passesToCrashAt(), serviceOf)
  expect(lanes.flat()).toEqual(expect.arrayContaining([...passes.keys()]))
  const inLane = (services: string[]) =>
    crashInTurn(services.map((service) => passes.get(service) ?? []))
  await Promise.all(lanes.map(inLane))
  await shop.calm()
  await invariantsHold(shop)
}, 900_000)

it.skipIf(chosen !== undefined)('every crash point of the source has crashed a process', () => {
  const crashed = shop.crashed().map(nameOf)
  const never = crashPoints().filter((point) => !crashed.some(isPassOf(point)))
  expect(never).toEqual([])
})

/**
 * Crashes one service after another, at all of its passes, and waits for the tasks running
 * meanwhile.
 */
async function crashInTurn(services: readonly string[][]): Promise<void> {
  for (const passes of services) {
    await shop.crashAt(passes)
    for (const pass of passes) await crash(pass)
  }
  await Promise.all(people)
  expect(troubles).toEqual([])
}

/** Repeats the tasks leading to a pass until the service has crashed there. */
async function crash(pass: string): Promise<void> {
  const crashed = () => shop.crashed().includes(pass)
  await until('it is back', () => crashed() || shop.isReady(serviceOf(pass)), patienceMs)
  const crashing = until(`it crashes at ${pass}`, crashed, patienceMs).catch((error: Error) => {
    throw new Error([error.message, ...troubles].join('; '))
  })
  for (const { errand } of inTurn(waysTo(pass))) {
    if (crashed()) break
    const some = Array.from({ length: Number(pass.at(-1)) }, () => send(pass, errand))
    people.push(...some)
    // more tasks would only block each other: some lock a whole table
    await Promise.race([crashing, Promise.all(some).then(() => pause(1_000))])
  }
}

const waysTo = (pass: string): Way[] => ways.get(pass.replace(/@\d$/, '')) ?? []

function* inTurn<T>(all: readonly T[]): Generator<T> {
  while (all.length > 0) yield* all
}

const send = (pass: string, errand: ShoppingTask): Promise<void> =>
  errand(shopping).catch(({ message }: Error) => {
    troubles.push(`${pass}: who ${errand.name}: ${message}`)
  })

/** Waits until only idle polling happens and no event waits for a retry. */
async function quiet(): Promise<void> {
  // notifications: optional
  const none = async () => (await openDeadLetters(shopping.operator)).length === 0
  await until('what was stored is handled', none, patienceMs, 200)
  // /notifications
  const busy = () => shop.passed().filter((point) => !/commit of$| GET\b/.test(point)).length
  for (let before = -1, now = busy(); now !== before; now = busy()) {
    before = now
    await pause(400)
  }
}

/**
 * Returns every pass of the tasks once, and each point of the source at its second pass. Leaves out
 * GET requests, which change nothing and can lose nothing.
 */
function passesToCrashAt(): string[] {
  const points = crashPoints()
  const asked = (point: string) => / GET\b/.test(point)
  // a retry can be forced in one service only; elsewhere a retry happened because of a slow machine
  const byChance = (point: string) => /retry$/.test(point) && !/^notifications/.test(point)
  const passed = [...ways.keys()].filter((point) => !asked(point) && !byChance(point))
  const source = (point: string) => points.findIndex((one) => isPassOf(one)(nameOf(point)))
  const again = [...Map.groupBy(passed, source).values()].map(([point]) => point)
  const passes = [...passed.map((point) => `${point}@1`), ...again.map((point) => `${point}@2`)]
  const slowestFirst = (one: string, other: string) =>
    (waysTo(other)[0]?.ms ?? 0) - (waysTo(one)[0]?.ms ?? 0)
  return passes.filter((pass) => new RegExp(chosen ?? '').test(pass)).sort(slowestFirst)
}

const serviceOf = (pass: string): string => pass.split(':')[0] ?? ''

function nameOf(pass: string): string {
  return pass.replace(/^\w+: /, '').replace(/@\d$/, '')
}
