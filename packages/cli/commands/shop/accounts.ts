import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { signIn } from '@sidecart/client/shop-client.ts'
import { hasDemo } from '@sidecart/platform/config/demo.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { accounts, addresses } from '@sidecart/platform/supervisor/welcome.ts'
import { command } from '../../command.ts'

export default command({
  meta: { name: 'accounts', description: 'Show the demo accounts and all addresses again' },
  args: {
    token: { type: 'boolean', description: 'Print an access token of the demo customer only' },
  },
  async run({ args }) {
    const project = projectAt()
    if (!hasDemo(project))
      throw new UserError(
        `This shop has no demo accounts: it was started with --no-demo. Customers register in the shop; operators are invited: ./sidecart operators invite you@example.com\n\n${addresses}`,
      )
    const { gateway, demo } = await connectionInfo()
    if (!args.token) return console.log(`${addresses}\n${accounts(project)}`)
    const customer = await signIn(gateway, demo.email, demo.password)
    console.log(await customer.token())
  },
})
