import { join } from 'node:path'
import { chosen, setArgs } from '@sidecart/platform/config/components/component-sets.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { type Project, projectAt } from '@sidecart/platform/config/project.ts'
import { createProgress, paint, seconds } from '@sidecart/platform/process/terminal.ts'
import { down } from '@sidecart/platform/supervisor/down.ts'
import { readable } from '@sidecart/platform/supervisor/logs/logs.ts'
import { tail } from '@sidecart/platform/supervisor/process-spec.ts'
import { sendCommand } from '@sidecart/platform/supervisor/supervisor-client.ts'
import { upUnlessRunning } from '@sidecart/platform/supervisor/up.ts'
import { watchServices } from '@sidecart/platform/supervisor/watch-services.ts'
import { command } from '../command.ts'

export default command({
  meta: {
    name: 'dev',
    description: 'Start the shop; a changed file restarts its service, while the sidecar stays',
  },
  args: setArgs,
  async run({ args }) {
    const project = projectAt()
    const progress = createProgress()
    const isOurs = await upUnlessRunning(project, chosen(args), progress)
    progress.end()
    const folder = join(project.root, 'services')
    const services = readRunFile(project.runFile)
      .filter(({ directory, appId }) => directory === join(folder, appId))
      .map(({ appId }) => appId)
    const end = watchServices(project, {
      services,
      restart: (...what) => restart(project, ...what),
    })
    console.log(`watching ${services.join(', ')}, and packages/chassis; Ctrl-C ends it`)
    await new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, resolve)
    })
    end()
    if (isOurs) console.log(`\nstopped ${await down(project)} processes`)
    process.exit(0)
  },
})

/** Restarts the app of a service, but not its sidecar. A service that does not start is tried again at the next change. */
async function restart(project: Project, service: string, file: string): Promise<void> {
  const began = performance.now()
  try {
    await sendCommand(project, { do: 'restart', names: [service] })
    const took = seconds(performance.now() - began)
    console.log(`${paint('green', '✔')} ${service} restarted in ${took} (${file})`)
    if (/\/(service|contract)\.ts$/.test(file))
      console.log('  what follows from it is written by ./sidecart generate, and read at npm start')
  } catch (error) {
    console.log(`${paint('red', '✖')} ${(error as Error).message}`)
    for (const line of tail(join(project.logs, `${service}.log`), 8))
      console.log(`    ${readable(line)}`)
  }
}
