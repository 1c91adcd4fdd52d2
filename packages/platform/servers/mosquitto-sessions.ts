import { setTimeout as pause } from 'node:timers/promises'
import { ensureSession } from './mosquitto.ts'

/**
 * Makes sessions connect again now and then: a client whose name connects a second time is disconnected and comes back.
 * What Dapr's MQTT component gets before it is subscribed, or while its app is away, it neither handles nor refuses;
 * the broker brings it again on the next connection only. A process of its own, told by its environment.
 */
const { MQTT_URL = '', SESSIONS = '', EVERY_MS = '' } = process.env
const { port, username: user, password } = new URL(MQTT_URL)
const login = { port: Number(port), user, password }

for (;;) {
  await pause(Number(EVERY_MS))
  for (const session of SESSIONS.split(','))
    await ensureSession(login, session, []).catch(({ message }) => console.error(message))
}
