import { projectAt } from '@sidecart/platform/config/project.ts'
import { table } from '@sidecart/platform/process/terminal.ts'
import { machineDeployment } from '@sidecart/platform/supervisor/rotation/machine-deployment.ts'
import {
  listKeys,
  retireKeys,
  rotateKeys,
} from '@sidecart/platform/supervisor/rotation/rotation.ts'
import { defineCommand } from 'citty'
import { command } from '../command.ts'

const list = command({
  meta: {
    name: 'list',
    description: 'The keys of access tokens: which signs, which are published',
  },
  args: { json: { type: 'boolean', description: 'For programs' } },
  run: ({ args }) => {
    const keys = listKeys(projectAt())
    const rows = keys.map(({ kid, state, since, until }) => [
      kid,
      state,
      since || '-',
      until || '-',
    ])
    console.log(
      args.json
        ? JSON.stringify({ keys })
        : table([['KEY', 'STATE', 'SINCE', 'SIGNED UNTIL'], ...rows]),
    )
  },
})

const rotate = command({
  meta: { name: 'rotate', description: 'Make a new signing key; tokens of the old one stay good' },
  run: async () => {
    const kid = await rotateKeys(machineDeployment(projectAt(), console.log))
    console.log(`${kid} signs. In 16 minutes: ./sidecart keys retire`)
  },
})

const retire = command({
  meta: { name: 'retire', description: 'Take away keys that no longer sign, or the one named' },
  args: {
    key: { type: 'positional', required: false, description: 'Its id, from `keys list`' },
    force: { type: 'boolean', description: 'Also while tokens that it signed are good' },
  },
  run: async ({ args }) => {
    const deployment = machineDeployment(projectAt(), console.log)
    const kids = await retireKeys(deployment, args.key, { force: args.force === true })
    console.log(`retired ${kids.join(', ')}: within a minute no token of it is accepted`)
  },
})

export default defineCommand({
  meta: { name: 'keys', description: 'The keys that sign access tokens: list, rotate, retire' },
  subCommands: { list, rotate, retire },
})
