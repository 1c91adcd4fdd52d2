import { projectAt } from '@sidecart/platform/config/project.ts'
import { startFaultRun } from '@sidecart/verify/chaos/fault-run.ts'
import { setStock } from '@sidecart/verify/chaos/fixtures.ts'
import { type Placed, placeOrder } from '@sidecart/verify/chaos/place-order.ts'
import { createInjector } from '@sidecart/verify/faults/inject.ts'
import { schedule, wordsFor } from '@sidecart/verify/faults/schedule.ts'
import { expect, it, onTestFailed, onTestFinished } from 'vitest'
import { atATime, buyers } from './buyers.ts'

const keys = 500
const repeats = 50
const everySeconds = 5
/** Duration of the faults. On a slow machine, the shop would not recover between two kills. */
const stormMs = 90_000
/** Long enough, because a client giving up early proves nothing about idempotency keys. */
const patienceMs = 300_000
const sku = 'MUG-ENAMEL-BLUE'
const seed = Math.floor(Math.random() * 2 ** 31)

it(`${keys} keys, each sent ${repeats} times in parallel while processes are killed, are ${keys} orders (seed ${seed})`, async () => {
  const { customers, operator, gateway, record, settle } = await buyers('repeats', 8)
  await setStock(operator, sku, 10 * keys)
  const processes = ['gateway', 'gateway-sidecar', 'orders', 'orders-sidecar', 'catalog']
  const storm = startFaultRun(
    schedule(seed, ['kill'], { processes, databases: [], broker: 'nats' }, everySeconds),
    createInjector(projectAt(), { gateway, links: new Map() }),
    () => {},
  )
  const calming = setTimeout(storm.calm, stormMs)
  onTestFinished(async () => {
    clearTimeout(calming)
    await storm.calm()
  })
  onTestFailed(() => console.log(storm.happened.map(wordsFor).join('; ')))
  const answers = await atATime(
    8,
    Array.from({ length: keys }, (_, index) => () => repeated(index)),
  )
  await storm.calm()
  expect(answers.flat().filter(({ outcome }) => outcome !== 'accepted')).toEqual([])
  const { violations, world } = await settle()
  const ours = new Set(customers.map(({ customerId }) => customerId))
  expect(world.orders.filter(({ customerId }) => ours.has(customerId))).toHaveLength(keys)
  expect(violations).toEqual([])

  function repeated(index: number): Promise<Placed[]> {
    const customer = customers[index % customers.length]
    if (!customer) throw new Error('there are no customers')
    const wanted = {
      key: `repeat-${index}`,
      lines: [{ sku, quantity: 1 }],
      card: 'card_approved',
    }
    const placing = { record, forMs: patienceMs }
    return Promise.all(Array.from({ length: repeats }, () => placeOrder(customer, wanted, placing)))
  }
}, 600_000)
