import { ensureStream, startNats } from '../../runtime/nats.ts'
import { streamsFor } from '../components.ts'
import { brokerMonitorPort, brokerPort, realPort } from '../ports.ts'
import type { Unit } from '../unit.ts'
import { answersHttp, dirOf, logOf, type ServerOptions, server } from './unit.ts'

export function nats({ project, runtime, secrets, resources }: ServerOptions): Unit {
  const { username: user, password } = new URL(secrets['broker-url'] ?? '')
  const port = realPort(brokerPort)
  const login = { url: `nats://127.0.0.1:${port}`, user, password }
  const given = {
    path: runtime.parts['nats-server'].path,
    dir: dirOf(project, 'nats'),
    port,
    monitorPort: brokerMonitorPort,
    user,
    password,
    logFile: logOf(project, 'nats'),
  }
  return server(
    project,
    'nats',
    { client: port, monitor: brokerMonitorPort },
    {
      start: async () => (await startNats(given)).proc,
      prepare: async () => {
        for (const stream of streamsFor(resources)) await ensureStream({ ...login, ...stream })
      },
      ready: answersHttp(brokerMonitorPort),
      // Dapr's component tries to reconnect for two minutes, then never again, and calls itself healthy.
      dependentsSurviveMs: 100_000,
    },
  )
}
