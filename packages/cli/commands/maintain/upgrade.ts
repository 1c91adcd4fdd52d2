import { findUpgrades } from '@sidecart/maintainer/upgrades.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { table } from '@sidecart/platform/process/terminal.ts'
import { command } from '../../command.ts'

export default command({
  meta: {
    name: 'upgrade',
    description:
      'List newer versions of packages, Dapr, NATS and images; exit code 1 when there are, 2 when a source did not answer',
  },
  args: {
    check: { type: 'boolean', description: 'List, and change nothing' },
    json: { type: 'boolean', description: 'For programs' },
  },
  run: async ({ args }) => {
    if (!args.check)
      throw new UserError(
        'nothing is upgraded by itself: ./sidecart upgrade --check lists, CONTRIBUTING.md tells the rest',
      )
    const { newer, unreachable } = await findUpgrades(projectAt().root)
    if (args.json) console.log(JSON.stringify({ newer, unreachable }))
    else {
      const rows = newer.map(({ name, pinned, latest, pinnedIn }) => [
        name,
        pinned,
        latest,
        pinnedIn,
      ])
      if (rows.length > 0) console.log(table([['NAME', 'PINNED', 'LATEST', 'IN'], ...rows]))
      else console.log('no newer version found')
      for (const line of unreachable) console.log(`! ${line}`)
    }
    process.exitCode = newer.length > 0 ? 1 : unreachable.length > 0 ? 2 : 0
  },
})
