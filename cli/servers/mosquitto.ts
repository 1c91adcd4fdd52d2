import { ensureSession, mosquittoAnswers, startMosquitto } from '../../runtime/mosquitto.ts'
import { hearersIn } from '../components.ts'
import { mqttPort } from '../ports.ts'
import type { Unit } from '../unit.ts'
import { firstInstance } from '../variables.ts'
import { dirOf, logOf, type ServerOptions, server } from './unit.ts'

export function mosquitto({ project, secrets, resources }: ServerOptions): Unit {
  const { username: user, password } = new URL(secrets['mqtt-url'] ?? '')
  const login = { port: mqttPort, user, password }
  const given = { ...login, dir: dirOf(project, 'mosquitto'), logFile: logOf(project, 'mosquitto') }
  return server(
    project,
    'mosquitto',
    { client: mqttPort },
    {
      start: async () => (await startMosquitto({ ...given, log: console.error })).proc,
      prepare: async () => {
        for (const { app, topics } of hearersIn(resources))
          await ensureSession(login, `${app}-${firstInstance}`, topics)
      },
      ready: () => mosquittoAnswers(login),
      // Dapr's component waits twice as long after each attempt to reconnect.
      dependentsSurviveMs: 30_000,
    },
  )
}
