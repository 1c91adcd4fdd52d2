import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { servers } from '../servers/registry.ts'
import { choosePorts, rememberedPorts, rememberPorts } from './choose-ports.ts'
import { withMovedPorts } from './moved-ports.ts'
import { movedPort, portsAt } from './ports.ts'
import { onThesePorts } from './secrets.ts'

function checkout() {
  const home = mkdtempSync(join(tmpdir(), 'sidecart-ports-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  return { home, stateFile: join(home, 'run/state.json') }
}
const asks = { SIDECART_PORTS_FROM: '19000' }

test('the command line comes first, then the environment, then the last start', () => {
  const project = checkout()
  expect(choosePorts(project, ['up'], {})).toBe('usual')
  rememberPorts(project, 18_000)
  expect(choosePorts(project, ['order'], {})).toBe('18000')
  expect(choosePorts(project, ['up'], asks)).toBe('19000')
  expect(choosePorts(project, ['up', '--ports-from', '20000', '--detach'], asks)).toBe('20000')
  expect(choosePorts(project, ['up', '--ports-from=20000'], asks)).toBe('20000')
  expect(choosePorts(project, ['up', '--ports-from', 'usual'], asks)).toBe('usual')
  rememberPorts(project, undefined)
  expect(rememberedPorts(project)).toBeUndefined()
})

test('a running shop is found, whatever the environment of another terminal asks', () => {
  const project = checkout()
  rememberPorts(project, 18_000)
  mkdirSync(dirname(project.stateFile))
  writeFileSync(project.stateFile, '{}')
  expect(choosePorts(project, ['status'], asks)).toBe('18000')
})

test.each(['80', '60000', '18000.5', 'here', ''])('--ports-from %j is refused', (given) => {
  const words = ['up', '--ports-from', given]
  expect(() => choosePorts(checkout(), words, {})).toThrow('a number from 1024 to 54000, or usual')
})

test('all ports move into one thousand, and no two to the same', () => {
  const apps = Array.from({ length: 10 }, (_, position) => Object.values(portsAt(position))).flat()
  const ofSets = servers.flatMap(({ ports }) => Object.values(ports).map(({ usual }) => usual))
  const others = [5440, 1040, 8040, 8090, 9440, 3900, 3901, 3910, 3911, 3912, 3913, 3914]
  const moved = [...apps, ...ofSets, ...others].map((port) => movedPort(port, 18_000))
  expect(new Set(moved).size).toBe(moved.length)
  expect(moved.filter((port) => port < 18_000 || port > 18_999)).toEqual([])
  expect(movedPort(8080, 18_000)).toBe(18_000)
})

test('the ports of addresses on this machine and of components move, and no others', () => {
  const text = 'PROVIDER: http://127.0.0.1:8090, http://example.com:8090, http://127.0.0.1:9999'
  expect(withMovedPorts(text, 18_000)).toBe(
    text.replace('127.0.0.1:8090', `127.0.0.1:${movedPort(8090, 18_000)}`),
  )
  expect(withMovedPorts('- { name: port, value: "1040" }', 18_000)).toBe(
    `- { name: port, value: "${movedPort(1040, 18_000)}" }`,
  )
})

test('addresses in secrets follow the own servers, and a server elsewhere stays', () => {
  const broker = movedPort(4240, 18_000)
  const elsewhere = 'amqp://me:secret@127.0.0.1:5672/'
  const secrets = {
    'broker-url': `nats://sidecart:secret@127.0.0.1:${broker}`,
    'mysql-state': `state:secret@tcp(127.0.0.1:${movedPort(3340, 18_000)})/`,
    'rabbitmq-url': elsewhere,
    'kafka-brokers': '127.0.0.1:9340',
    // of a checkout with other servers, whose ports had other places
    'redis-host': '127.0.0.1:18599',
  }
  expect(onThesePorts(secrets, 18_000)).toEqual({
    'broker-url': 'nats://sidecart:secret@127.0.0.1:4240',
    'mysql-state': 'state:secret@tcp(127.0.0.1:3340)/',
    'rabbitmq-url': elsewhere,
    'kafka-brokers': '127.0.0.1:9340',
    'redis-host': '127.0.0.1:6340',
  })
})
