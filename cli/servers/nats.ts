import { ensureStream, type NatsLogin, startNats } from '../../runtime/nats.ts'
import { streamsFor } from '../components.ts'
import { loginFrom } from '../login.ts'
import { brokerMonitorPort, brokerPort, realPort } from '../ports.ts'
import type { Secrets } from '../secrets.ts'
import type { Unit } from '../unit.ts'
import { answersHttp, dirOf, logOf, type ServerOptions, server } from './unit.ts'

/** For NATS itself, not for the link to it. */
export function natsLogin(secrets: Secrets): NatsLogin {
  return { url: `nats://127.0.0.1:${realPort(brokerPort)}`, ...loginFrom(secrets['broker-url']) }
}

export function nats({ project, runtime, secrets, resources }: ServerOptions): Unit {
  const port = realPort(brokerPort)
  const login = natsLogin(secrets)
  const given = {
    path: runtime.parts['nats-server'].path,
    dir: dirOf(project, 'nats'),
    port,
    monitorPort: brokerMonitorPort,
    user: login.user,
    password: login.password,
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
