import { named, processArgs } from '@sidecart/platform/config/process-args.ts'
import { type Project, projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { seconds } from '@sidecart/platform/process/terminal.ts'
import { readState } from '@sidecart/platform/supervisor/state-file.ts'
import { sendCommand } from '@sidecart/platform/supervisor/supervisor-client.ts'
import { command } from '../command.ts'

export default command(
  {
    meta: {
      name: 'restart',
      description: 'Stop processes and start them again, one after another',
    },
    args: {
      service: { ...processArgs.service, required: false },
      withSidecar: processArgs.withSidecar,
      rolling: { type: 'boolean', description: 'Every instance of every service in turn' },
    },
    run: async ({ args }) => {
      const project = projectAt()
      if ((args.rolling === true) === args._.length > 0)
        throw new UserError('name what to restart, or say --rolling for every service')
      for (const service of args.rolling ? appsOf(project) : args._) {
        const began = performance.now()
        const names = named({ service, withSidecar: args.withSidecar })
        await sendCommand(project, { do: 'restart', names })
        console.log(`restarted ${names.join(' and ')} in ${seconds(performance.now() - began)}`)
      }
    },
  },
  { anyNumber: true },
)

/** Returns every running instance; the gateway last, after the services it calls. */
function appsOf(project: Project): string[] {
  const apps = (readState(project)?.processes ?? []).filter(({ role }) => role === 'app')
  const isGateway = (name: string) => name.startsWith('gateway')
  return apps
    .map(({ name }) => name)
    .sort((one, other) => Number(isGateway(one)) - Number(isGateway(other)))
}
