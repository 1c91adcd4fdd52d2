import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { until } from '@sidecart/testing/until.ts'
import { expect, it, onTestFinished } from 'vitest'
import { broker } from '../conformance/sets.ts'
import { root } from './client.ts'
import { documentedPorts, everywhere, listeners } from './ports.ts'

const documented = documentedPorts()
const wrongOnes = () => listeners().filter(({ port, address }) => documented.get(port) !== address)

it('the shop listens on documented ports only, each on its documented address', () => {
  expect(wrongOnes()).toEqual([])
  const open = new Set(listeners().map(({ port }) => port))
  const apps = readRunFile(projectAt(root).runFile).flatMap(({ ports }) => Object.values(ports))
  const servers = [5440, 8090, 1040, 8040, 3900, 3901, 3910, 3911, 3912, 3913, 3914]
  const wanted = [...apps, ...servers, ...(broker === 'jetstream' ? [4240, 8240] : [])]
  expect(wanted.filter((port) => !open.has(port))).toEqual([])
})

it('every port is below those of outgoing connections, one of which could hold it at a start', () => {
  const [first = 32_768] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    .split(/\s+/)
    .map(Number)
  expect([...documented.keys()].filter((port) => port >= first)).toEqual([])
})

it('a port that is not documented, or is open to the network, is found', async () => {
  const script = `
    const { createServer } = require('node:net')
    createServer().listen(19_017, '127.0.0.1')
    createServer().listen(8101, '0.0.0.0')
    require('node:dgram').createSocket('udp4').bind(19_018, '127.0.0.1')`
  const child = spawn(process.execPath, ['-e', script.replaceAll('_', '')], { cwd: root })
  onTestFinished(() => void child.kill('SIGKILL'))
  const found = () => wrongOnes().map(({ port, address }) => `${port} ${address}`)
  await until('it listens', () => found().length === 3)
  expect(found().toSorted()).toEqual([`19017 127.0.0.1`, `19018 127.0.0.1`, `8101 ${everywhere}`])
})

it('two ports are open to the network, and tell nothing but that a process is alive', async () => {
  const open = [...documented].filter(([, address]) => address !== '127.0.0.1')
  expect(open.map(([port]) => port)).toEqual([3901, 3911])
  for (const [port] of open)
    for (const [path, status] of [
      ['/healthz', 200],
      ['/', 404],
      ['/metrics', 404],
      ['/debug/pprof/', 404],
    ] as const) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`)
      const text = await answer.text()
      expect([port, path, answer.status]).toEqual([port, path, status])
      expect(text, path).toMatch(/^(404 page not found\n)?$/)
    }
})
