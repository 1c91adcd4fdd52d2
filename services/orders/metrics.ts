import { Counter, Gauge, Histogram, registry } from '@sidecart/chassis/observability/metrics.ts'
import type { Change, Order } from './domain.ts'

const registers = [registry]

const sagaSeconds = new Histogram({
  name: 'saga_duration_seconds',
  help: 'Time from an order placed to its end, by status: confirmed, cancelled',
  labelNames: ['status'] as const,
  buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  registers,
})

const stepSeconds = new Histogram({
  name: 'saga_step_duration_seconds',
  help: 'Duration of the commands of the saga by step and outcome: done, failed',
  labelNames: ['step', 'outcome'] as const,
  buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers,
})

const placedOrders = new Counter({
  name: 'orders_placed_total',
  help: 'Orders accepted',
  registers,
})

const cancelledOrders = new Counter({
  name: 'orders_cancelled_total',
  help: 'Orders that ended cancelled, by reason',
  labelNames: ['reason'] as const,
  registers,
})

const revenue = new Counter({
  name: 'orders_revenue_euros_total',
  help: 'Total of the confirmed orders; refunds are not subtracted',
  registers,
})

export const countPlaced = (): void => placedOrders.inc()

/** Counts an order that this change has ended. */
export function countEnd(before: Order, after: Order, now: Date): void {
  if (before.status === after.status) return
  if (after.status !== 'confirmed' && after.status !== 'cancelled') return
  const seconds = (now.getTime() - after.placedAt.getTime()) / 1000
  sagaSeconds.observe({ status: after.status }, seconds)
  if (after.status === 'confirmed') revenue.inc((after.total?.amount ?? 0) / 100)
  else cancelledOrders.inc({ reason: after.reason ?? 'unknown' })
}

/** Observes a command of the saga. A refusal that the saga expects counts as done. */
export async function timeStep<T extends (order: Order) => Change>(
  step: string,
  send: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  const observe = (outcome: 'done' | 'failed') =>
    stepSeconds.observe({ step, outcome }, (performance.now() - startedAt) / 1000)
  try {
    const decide = await send()
    observe('done')
    return decide
  } catch (error) {
    observe('failed')
    throw error
  }
}

/** Adds the gauge of unfinished orders by status, counted when metrics are read. */
export function watchSagas(count: () => Promise<ReadonlyMap<string, number>>): void {
  registry.removeSingleMetric('saga_orders')
  new Gauge({
    name: 'saga_orders',
    help: 'Unfinished orders by status; needs_attention: parked for an operator',
    labelNames: ['status'] as const,
    registers,
    async collect() {
      const counted = await count().catch(() => undefined)
      for (const [status, orders] of counted ?? []) this.set({ status }, orders)
      if (!counted) this.reset()
    },
  })
}
