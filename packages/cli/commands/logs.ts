import { join } from 'node:path'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { type Project, projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { type Log, showLogs, showOrder } from '@sidecart/platform/supervisor/logs/logs.ts'
import { readState } from '@sidecart/platform/supervisor/state-file.ts'
import { command } from '../command.ts'

export default command({
  meta: { name: 'logs', description: 'The logs of all services, or of one process' },
  args: {
    service: {
      type: 'positional',
      required: false,
      description: 'A service, NAME-sidecar, or a server such as postgres',
    },
    follow: { type: 'boolean', alias: 'f', description: 'Go on until Ctrl-C' },
    order: {
      type: 'string',
      valueHint: 'ID',
      description: 'All lines about one order, oldest first',
    },
    lines: { type: 'string', alias: 'n', default: '50', description: 'How many of the last lines' },
  },
  run: async ({ args }) => {
    const lines = Number(args.lines)
    if (!Number.isInteger(lines) || lines < 0)
      throw new UserError(`--lines takes a whole number, not ${args.lines}`)
    if (args.order !== undefined && (args.service !== undefined || args.follow))
      throw new UserError(
        '--order looks through all services, up to now: without a service or --follow',
      )
    process.once('SIGINT', () => process.exit(0))
    const pretty = process.stdout.isTTY === true
    if (args.order !== undefined) return showLogsAbout(projectAt(), args.order, pretty)
    await showLogs(logsOf(projectAt(), args.service), {
      lines,
      follow: args.follow === true,
      pretty,
    })
  },
})

async function showLogsAbout(project: Project, orderId: string, pretty: boolean): Promise<void> {
  if (!/^[0-9a-f-]{36}$/i.test(orderId))
    throw new UserError(`--order takes the id of an order, not ${orderId}`)
  const apps = logsOf(project, undefined)
  const sidecars = apps.map(({ name }) => logOf(project, `${name}-sidecar`))
  const count = await showOrder([...apps, ...sidecars], orderId.toLowerCase(), { pretty })
  if (count === 0) throw new UserError(`no log has a line about the order ${orderId}`)
}

function logsOf(project: Project, service: string | undefined): Log[] {
  const recorded = readState(project)?.processes ?? []
  const running = recorded.filter(({ role }) => role === 'app').map(({ name }) => name)
  const apps = [...new Set([...readRunFile(project.runFile).map(({ name }) => name), ...running])]
  if (service === undefined) return apps.map((name) => logOf(project, name))
  const sidecars = apps.map((name) => `${name}-sidecar`)
  const names = new Set([...apps, ...sidecars, ...recorded.map(({ name }) => name), 'supervisor'])
  if (!names.has(service))
    throw new UserError(`there is no ${service} here: ${[...names].join(', ')}`)
  return [logOf(project, service)]
}

const logOf = (project: Project, name: string): Log => ({
  name,
  file: join(project.logs, `${name}.log`),
})
