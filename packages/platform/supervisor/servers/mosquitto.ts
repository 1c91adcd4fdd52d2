import { join } from 'node:path'
import { consumersIn } from '../../config/components/components.ts'
import { firstInstance } from '../../config/environment.ts'
import { loginFrom } from '../../config/identity/login.ts'
import { mqttPort } from '../../config/ports.ts'
import { spawnDetached } from '../../process/spawn.ts'
import { ensureSession, mosquittoAnswers, startMosquitto } from '../../servers/mosquitto.ts'
import type { ProcessSpec } from '../process-spec.ts'
import { dirOf, logOf, type ServerOptions, server } from './unit.ts'

const sessionOf = (app: string) => `${app}-${firstInstance}`

export function mosquitto({ project, secrets, resources }: ServerOptions): ProcessSpec {
  const { user, password } = loginFrom(secrets['mqtt-url'])
  const login = { port: mqttPort, user, password }
  const given = { ...login, dir: dirOf(project, 'mosquitto'), logFile: logOf(project, 'mosquitto') }
  return server(
    project,
    'mosquitto',
    { client: mqttPort },
    {
      start: async () => (await startMosquitto({ ...given, log: console.error })).proc,
      prepare: async () => {
        for (const { app, topics } of consumersIn(resources))
          await ensureSession(login, sessionOf(app), topics)
      },
      ready: () => mosquittoAnswers(login),
      // Dapr's component doubles its delay after each failed reconnect.
      dependentsSurviveMs: 30_000,
    },
  )
}

const renewEveryMs = 20_000

/** Makes the sessions of consumers reconnect; see `mosquitto-sessions.ts`. */
export function mosquittoSessions({ project, secrets, resources }: ServerOptions): ProcessSpec {
  const name = 'mosquitto-sessions'
  return server(
    project,
    name,
    {},
    {
      after: ['mosquitto'],
      start: async () =>
        spawnDetached({
          name,
          command: process.execPath,
          args: [join(project.root, 'packages/platform/servers/mosquitto-sessions.ts')],
          cwd: project.root,
          env: {
            MQTT_URL: secrets['mqtt-url'],
            SESSIONS: consumersIn(resources)
              .map(({ app }) => sessionOf(app))
              .join(),
            EVERY_MS: String(renewEveryMs),
          },
          logFile: logOf(project, name),
        }),
      ready: () => Promise.resolve(true),
    },
  )
}
