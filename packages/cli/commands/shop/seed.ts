import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { procOf, readState } from '@sidecart/platform/supervisor/state-file.ts'
import { writeHistory } from '@sidecart/verify/seed/history.ts'
import { command } from '../../command.ts'

export default command({
  meta: { name: 'seed', description: 'Fill the shop with a consistent history of orders' },
  args: {
    orders: { type: 'string', default: '10000', description: 'How many orders' },
    force: { type: 'boolean', description: 'Also when there are orders of customers' },
  },
  async run({ args }) {
    const orders = Number(args.orders)
    if (!Number.isInteger(orders) || orders < 1)
      throw new UserError(`--orders takes a number of orders, not ${args.orders}`)
    const provider = readState(projectAt())?.processes.find(({ name }) => name === 'provider')
    if (provider && procOf(provider))
      throw new UserError(
        'The payment provider is writing its log. Stop it first: ./sidecart stop provider',
      )
    const began = Date.now()
    await writeHistory(await connectionInfo(), {
      orders,
      force: args.force === true,
      onProgress: (done) => {
        if (done % 100_000 === 0) console.log(`${done} orders`)
      },
    })
    console.log(`${orders} orders in ${Math.round((Date.now() - began) / 1000)} s`)
    console.log('Start the provider again: ./sidecart start provider')
  },
})
