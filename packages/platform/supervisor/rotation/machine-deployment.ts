import { superuserOf } from '../../config/databases.ts'
import { listeningPorts } from '../../config/ports.ts'
import { type Project, UserError } from '../../config/project.ts'
import { send } from '../../process/spawn.ts'
import { type NatsUser, nats, natsLogin, writeNatsConfig } from '../../servers/nats.ts'
import { dirOf } from '../servers/unit.ts'
import { procOf, readState, supervisorOf } from '../state-file.ts'
import { sendCommand } from '../supervisor-client.ts'
import type { Deployment, Print } from './rotation.ts'

/** Returns the shop of this checkout under its supervisor, or stopped. */
export function machineDeployment(project: Project, print: Print): Deployment {
  const records = () => readState(project)?.processes ?? []
  const runs = () => supervisorOf(readState(project)) !== undefined
  const hasDatabase = () => records().some((record) => record.name === 'postgres' && procOf(record))
  const isForeign = process.env.SIDECART_POSTGRES_URL !== undefined
  return {
    project,
    print,
    authority: project.certificates,
    runs,
    ownsSuperuser: !isForeign,
    superuser(secrets) {
      if (!hasDatabase() && !isForeign)
        throw new UserError('the database must run to change a password: ./sidecart backing start')
      return superuserOf(secrets)
    },
    // apps and servers read the files of the project
    distribute: async () => {},
    async restart(apps) {
      const running = records()
        .filter(({ role }) => role === 'app')
        .map(({ name }) => name)
      for (const app of apps)
        for (const name of running.filter((one) => one.replace(/-\d+$/, '') === app)) {
          await sendCommand(project, { do: 'restart', names: [name, `${name}-sidecar`] })
          print(`  restarted ${name} with its sidecar`)
        }
      if (!runs() && apps.length > 0)
        print(`  takes effect when ${apps.join(', ')} and its sidecar start again`)
    },
    async restartProvider() {
      if (runs()) await sendCommand(project, { do: 'restart', names: ['provider'] })
    },
    acceptAtBroker: (secrets) =>
      changeNatsUsers(
        project,
        secrets.map((one) => natsLogin(one, listeningPorts(nats).client)),
      ),
  }
}

/** Replaces the users of the running broker and closes the connections of all others. */
async function changeNatsUsers(project: Project, users: readonly NatsUser[]): Promise<void> {
  const record = readState(project)?.processes.find(({ name }) => name === nats.name)
  const proc = record && procOf(record)
  if (!proc) return
  const { client: port, monitor: monitorPort } = listeningPorts(nats)
  await writeNatsConfig({ dir: dirOf(project, nats.name), port, monitorPort, users })
  send(proc.pid, 'SIGHUP')
}
