import type { ProblemKind } from '@sidecart/chassis/contract/problem.ts'
import { refused } from '@sidecart/chassis/core/errors.ts'
import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { paymentsRoutes } from './contract.ts'
import type { RefusalCode } from './domain.ts'
import type { PaymentService } from './payment-service.ts'
import type { PaymentRepository } from './ports.ts'

export type PaymentsAppPorts = {
  paymentService: PaymentService
  payments: Pick<PaymentRepository, 'find'>
  verify: Verifier
  log: Log
  appToken?: string
  ready?: () => Promise<void>
}

const problems = {
  'refund-mismatch': { status: 409, title: 'The refund was of another amount' },
  'charge-mismatch': { status: 409, title: 'The order was charged for something else' },
} satisfies Record<RefusalCode, ProblemKind>

export function createPaymentsApp({
  paymentService,
  payments,
  verify,
  ...shared
}: PaymentsAppPorts): App {
  const app = createApp({ name: 'payments', problems, ...shared })

  app.openapi(paymentsRoutes.charge, async (c) => {
    const { orderId } = c.req.valid('param')
    return c.json(await paymentService.charge(orderId, c.req.valid('json')), 200)
  })

  app.openapi(paymentsRoutes.refund, async (c) => {
    const { orderId } = c.req.valid('param')
    return c.json(await paymentService.refund(orderId, c.req.valid('json').reason), 200)
  })

  app.openapi(paymentsRoutes.refundPart, async (c) => {
    const { orderId, refundId } = c.req.valid('param')
    return c.json(
      await paymentService.refundPart(orderId, { id: refundId, ...c.req.valid('json') }),
      200,
    )
  })

  app.use('/payments/*', signedIn(verify))
  app.use('/payments/:orderId/reconcile', signedIn(verify, 'operator'))
  app.openapi(paymentsRoutes.reconcile, async (c) => {
    const { orderId } = c.req.valid('param')
    await paymentService.reconcile(orderId)
    const found = await payments.find(orderId, c.get('identity'))
    if (!found) throw refused('not-found', 'There is no such payment.')
    return c.json(found, 200)
  })

  app.openapi(paymentsRoutes.payment, async (c) => {
    const found = await payments.find(c.req.valid('param').orderId, c.get('identity'))
    if (!found) throw refused('not-found', 'There is no such payment.')
    return c.json(found, 200)
  })

  return app
}
