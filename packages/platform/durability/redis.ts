import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'

export type RedisSettings = Record<string, string>

/** What a write needs to be on the disk before it is acknowledged, and to stay. */
const safe: RedisSettings = {
  appendonly: 'yes',
  appendfsync: 'always',
  'maxmemory-policy': 'noeviction',
}

/** Asks the running server as its administrator, whose password is in the server's own configuration file. */
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

/** Sends commands and answers the lines that came back, until the server hangs up. */
function ask(port: number, commands: readonly string[][]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 5_000 })
    let said = ''
    socket.on('data', (data) => {
      said += data
    })
    socket.on('error', reject)
    socket.on('timeout', () => socket.destroy(new Error(`nobody answers on port ${port}`)))
    socket.on('close', () => resolve(said.split('\r\n')))
    socket.write(commands.map((words) => `${words.join(' ')}\r\n`).join(''))
  })
}
