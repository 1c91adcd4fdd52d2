import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import {
  brokerMonitorPort,
  brokerPort,
  inboxPort,
  postgresPort,
  providerPort,
  smtpPort,
} from '@sidecart/platform/config/ports.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { expect, it } from 'vitest'
import { root } from '../system/client.ts'

/* Every port on which a process of the running shop listens, by interface, as the kernel lists them. */

const local = '127.0.0.1'
/** Dapr 1.18 takes an address for these and listens on every interface all the same. */
const health = { sentry: 3901, scheduler: 3911 }

/** Reviewed by hand: what listens, and where. A port that is not here fails the test. */
const wanted = new Map<number, string>([
  ...readRunFile(projectAt(root).runFile).flatMap(({ name, ports }) =>
    Object.entries(ports).map(([what, port]): [number, string] => [port, `${name} ${what}`]),
  ),
  [postgresPort, 'postgres'],
  [brokerPort, 'nats'],
  [brokerMonitorPort, 'nats, for watching'],
  [smtpPort, 'mail'],
  [inboxPort, 'mail, the inbox'],
  [providerPort, 'provider'],
  [50001, 'sentry'],
  [50006, 'scheduler'],
  [3912, 'scheduler, metrics'],
  [3913, 'scheduler, its store'],
  [3914, 'scheduler, its store’s peers'],
  ...Object.entries(health).map(([name, port]): [number, string] => [port, `${name}, health`]),
])

/** The sockets of every process that works in a folder of this checkout, by inode. */
function socketsOfShop(): Map<string, string> {
  const found = new Map<string, string>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!`${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${root}/`)) continue
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]
        if (inode) found.set(inode, command.slice(0, 80))
      }
    } catch {
      // it has ended
    }
  }
  return found
}

type Listener = { address: string; port: number; command: string }

/** @param state of a socket that waits for others, as the kernel writes it */
function listeners(files: readonly string[], state: string): Listener[] {
  const sockets = socketsOfShop()
  return files.flatMap((file) =>
    readFileSync(`/proc/net/${file}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const fields = line.trim().split(/\s+/)
        const [, own = '', , is] = fields
        const command = sockets.get(fields[9] ?? '')
        if (is !== state || command === undefined) return []
        const [hex = '', port = ''] = own.split(':')
        const bytes = Buffer.from(hex, 'hex')
        const address = bytes.length === 4 ? bytes.reverse().join('.') : hex
        return [{ address, port: Number.parseInt(port, 16), command }]
      }),
  )
}

const tcp = listeners(['tcp', 'tcp6'], '0A')

it('every port of the shop is one that is known', () => {
  const unknown = tcp.filter(({ port }) => !wanted.has(port))
  expect(unknown).toEqual([])
  const silent = [...wanted].filter(([port]) => !tcp.some((one) => one.port === port))
  expect(silent).toEqual([])
})

it('every port listens on this machine only, but the two that Dapr opens to all', () => {
  const open = tcp.filter(({ address }) => address !== local)
  expect(open.map(({ port }) => port).toSorted()).toEqual(Object.values(health).toSorted())
})

it('those two say that they are alive, and nothing else', async () => {
  for (const port of Object.values(health))
    for (const path of ['/', '/metrics', '/debug/pprof/', '/v1.0/metadata', '/v1.0/shutdown'])
      expect((await fetch(`http://${local}:${port}${path}`)).status, `${port}${path}`).toBe(404)
})

it('nothing waits for datagrams', () => {
  expect(listeners(['udp', 'udp6'], '07')).toEqual([])
})
