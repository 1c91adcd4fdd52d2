import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'

export type RedisSettings = Record<string, string>

/** Settings required for a write to be on disk before its acknowledgement, and to stay. */
const safe: RedisSettings = {
  appendonly: 'yes',
  appendfsync: 'always',
  'maxmemory-policy': 'noeviction',
}

/** Queries the running server as administrator, with the password from the server's configuration file. */
export async function readRedis(port: number, configFile: string): Promise<RedisSettings> {
  const [, password = ''] = /^requirepass (\S+)$/m.exec(await readFile(configFile, 'utf8')) ?? []
  const lines = await ask(port, [
    ['AUTH', password],
    ...Object.keys(safe).map((name) => ['CONFIG', 'GET', name]),
    ['QUIT'],
  ])
  const fault = lines.find((line) => line.startsWith('-'))
  if (fault) throw new Error(fault.slice(1))
  const settingOf = (name: string) => lines[lines.indexOf(name) + 2] ?? ''
  return Object.fromEntries(Object.keys(safe).map((name) => [name, settingOf(name)]))
}

export function redisFaults(settings: RedisSettings): string[] {
  return Object.entries(safe)
    .filter(([name, value]) => settings[name] !== value)
    .map(([name, value]) => `${name} is ${settings[name]}, not ${value}`)
}

/** Sends commands and returns the lines received until the server closes the connection. */
function ask(port: number, commands: readonly string[][]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 5_000 })
    let reply = ''
    socket.on('data', (data) => {
      reply += data
    })
    socket.on('error', reject)
    socket.on('timeout', () => socket.destroy(new Error(`nobody answers on port ${port}`)))
    socket.on('close', () => resolve(reply.split('\r\n')))
    socket.write(commands.map((words) => `${words.join(' ')}\r\n`).join(''))
  })
}
