import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { type OrderResult, ShopProblem, signIn } from '@sidecart/client/shop-client.ts'
import { hasDemo } from '@sidecart/platform/config/demo.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { command } from '../../command.ts'

const cards = ['approved', 'declined', 'retry', 'timeout-after-charge', 'slow']
const timeoutMs = 60_000

export default command({
  meta: {
    name: 'order',
    description: 'Place an order as the demo customer and wait until it comes to rest',
  },
  args: {
    json: { type: 'boolean', description: 'Print the result as JSON' },
    card: {
      type: 'enum',
      options: cards,
      default: 'approved',
      description: 'The test card to pay with',
    },
    sku: { type: 'string', default: 'MUG-ENAMEL-BLUE', description: 'What to buy' },
    quantity: { type: 'string', alias: 'qty', default: '1', description: 'How many' },
  },
  async run({ args }) {
    const quantity = Number(args.quantity)
    if (!Number.isInteger(quantity) || quantity < 1)
      throw new UserError(`--quantity takes a whole number from 1, not ${args.quantity}`)
    if (!hasDemo(projectAt()))
      throw new UserError('This shop has no demo customer: it was started with --no-demo.')
    const { gateway, demo } = await connectionInfo()
    const request = {
      sku: args.sku,
      quantity,
      card: `card_${args.card.replaceAll('-', '_')}`,
    }
    try {
      const shop = await signIn(gateway, demo.email, demo.password)
      report(await shop.orderToRest(request, timeoutMs), args.json === true)
    } catch (error) {
      if (!(error instanceof ShopProblem)) throw error
      const { status, code, message } = error
      if (args.json) console.log(JSON.stringify({ error: { status, code, detail: message } }))
      else console.error(`Refused (${status} ${code}): ${message}`)
      process.exitCode = 1
    }
  },
})

function report(result: OrderResult, json: boolean): void {
  const { orderId, status, reason, acceptMs, completeMs } = result
  const sentence = `Order ${orderId} is ${status}${reason ? ` (${reason})` : ''}: accepted in ${acceptMs} ms, complete in ${completeMs} ms.`
  console.log(json ? JSON.stringify(result) : sentence)
}
