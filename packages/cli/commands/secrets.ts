import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { table } from '@sidecart/platform/process/terminal.ts'
import { machineDeployment } from '@sidecart/platform/supervisor/rotation/machine-deployment.ts'
import {
  namesOf,
  rotate as rotateOne,
  rotations,
} from '@sidecart/platform/supervisor/rotation/rotation.ts'
import { defineCommand } from 'citty'
import { command } from '../command.ts'

const list = command({
  meta: { name: 'list', description: 'What can be rotated' },
  run: () =>
    console.log(table([['NAME', 'WHAT'], ...rotations.map(({ name, what }) => [name, what])])),
})

const rotate = command(
  {
    meta: {
      name: 'rotate',
      description: 'Replace secrets while the shop runs, restarting in turn what uses them',
    },
    args: { name: { type: 'positional', required: false, description: 'From `list`, or all' } },
    run: async ({ args }) => {
      const names = namesOf(args._)
      if (names.length === 0) throw new UserError('which? sidecart secrets list, or all')
      const deployment = machineDeployment(projectAt(), console.log)
      for (const name of names) await rotateOne(deployment, name)
    },
  },
  { anyNumber: true },
)

export default defineCommand({
  meta: { name: 'secrets', description: 'Passwords, tokens and certificates: list, rotate' },
  subCommands: { list, rotate },
})
