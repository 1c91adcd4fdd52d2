import { v7 as newId } from 'uuid'
import { createProvider } from '../../../services/payments/clients.ts'
import { paymentEvents } from '../../../services/payments/contract.ts'
import { migrations } from '../../../services/payments/migrations/index.ts'
import { createPaymentService } from '../../../services/payments/payment-service.ts'
import { createPaymentRepository, type PaymentsTables } from '../../../services/payments/store.ts'
import { type MakeService, told } from '../node.ts'

const makePayments: MakeService = async ({ outside, database, relay }) => {
  const tables = await database<PaymentsTables>(migrations)
  const provider = createProvider({
    url: process.env.PROVIDER_URL ?? '',
    apiKey: await outside.secret('provider-api-key'),
  })
  const paymentService = createPaymentService({
    payments: createPaymentRepository(tables),
    provider,
    newId,
  })
  relay(tables, paymentEvents)
  const amount = { type: 'object', props: { amount: 'number|integer', currency: 'string' } }
  return {
    name: 'payments',
    actions: {
      charge: {
        params: { orderId: 'uuid', customerId: 'uuid', amount, card: 'string' },
        handler(ctx) {
          const { orderId, ...charge } = ctx.params
          return told(paymentService.charge(orderId, charge))
        },
      },
      refund: {
        params: { orderId: 'uuid', reason: 'string' },
        handler: (ctx) => told(paymentService.refund(ctx.params.orderId, ctx.params.reason)),
      },
      refundPart: {
        params: { orderId: 'uuid', id: 'uuid', amount, reason: 'string' },
        handler(ctx) {
          const { orderId, ...wanted } = ctx.params
          return told(paymentService.refundPart(orderId, wanted))
        },
      },
    },
  }
}
export default makePayments
