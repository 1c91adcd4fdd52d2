import { setTimeout as pause } from 'node:timers/promises'
import { ensureSession } from './mosquitto.ts'

/**
 * Makes MQTT sessions reconnect periodically: a second connection with a client's name disconnects the first, which
 * returns. Dapr's MQTT component neither processes nor rejects messages received before its subscription or while its
 * app is away; the broker redelivers such messages only on the next connection. Runs as a process of its own,
 * configured by environment variables.
 */
const { MQTT_URL = '', SESSIONS = '', EVERY_MS = '' } = process.env
const { port, username: user, password } = new URL(MQTT_URL)
const login = { port: Number(port), user, password }

for (;;) {
  await pause(Number(EVERY_MS))
  for (const session of SESSIONS.split(','))
    await ensureSession(login, session, []).catch(({ message }) => console.error(message))
}
