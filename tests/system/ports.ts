import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { commandOf, socketsOf } from '@sidecart/platform/process/ports.ts'
import { root } from './client.ts'

export const everywhere = 'every interface'

/** Instances that an app may have, and how far their ports are apart. */
const [mostInstances, step] = [4, 20]

type Listener = { port: number; address: string; pid: number; command: string }

/** Returns the address of every port that docs/ports.md allows. */
export function documentedPorts(): Map<number, string> {
  const page = readFileSync(join(root, 'docs/ports.md'), 'utf8')
  const servers = [...page.matchAll(/^\| \w+ \| (\d+) \| ([^|]+) \|/gm)].map(
    ([, port, on = '']): [number, string] => [Number(port), on.trim()],
  )
  const apps = readRunFile(projectAt(root).runFile).flatMap(({ ports }) =>
    Object.values(ports).flatMap((port) =>
      Array.from({ length: mostInstances }, (_, n): [number, string] => [
        port + n * step,
        '127.0.0.1',
      ]),
    ),
  )
  return new Map([...servers, ...apps])
}

/** Returns the TCP ports on which processes of this checkout listen, and the UDP ports that they have bound. */
export function listeners(): Listener[] {
  const owners = ownersOfSockets()
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((kind) =>
    readFileSync(`/proc/net/${kind}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
        const [address = '', port = ''] = local.split(':')
        const pid = owners.get(inode)
        const isOpen = state === (kind.startsWith('tcp') ? '0A' : '07')
        if (pid === undefined || !isOpen) return []
        const command = commandOf(pid).slice(0, 80)
        return [{ port: Number.parseInt(port, 16), address: shown(address), pid, command }]
      }),
  )
}

const ipv4AsIpv6 = '0000000000000000FFFF0000'

/** Addresses are in the byte order of the machine, in words of 32 bits. */
function shown(address: string): string {
  if (address.startsWith(ipv4AsIpv6)) return shown(address.slice(ipv4AsIpv6.length))
  if (/^0+$/.test(address)) return everywhere
  const bytes = Buffer.from(address, 'hex')
  if (bytes.length === 4) return bytes.reverse().join('.')
  return address === '00000000000000000000000001000000' ? '::1' : address
}

/** Returns the process of each socket, for processes that run in this checkout or from it. */
function ownersOfSockets(): Map<string, number> {
  const owners = new Map<string, number>()
  for (const pid of readdirSync('/proc').map(Number).filter(Boolean))
    if (isOurs(pid)) for (const inode of socketsOf(pid)) owners.set(inode, pid)
  return owners
}

function isOurs(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    const folder = readlinkSync(`/proc/${pid}/cwd`)
    return `${folder}/`.startsWith(`${root}/`) || commandOf(pid).includes(`${root}/`)
  } catch {
    return false
  }
}
