import { choosePorts, portsVariable } from '@sidecart/platform/config/choose-ports.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { defineCommand, type SubCommandsDef } from 'citty'
import { runCommandLine } from './command-line.ts'

/** One file per command: add a new command here and in `commands/`. */
const subCommands: SubCommandsDef = {
  up: () => import('./commands/up.ts').then((module) => module.default),
  dev: () => import('./commands/dev.ts').then((module) => module.default),
  down: () => import('./commands/down.ts').then((module) => module.default),
  status: () => import('./commands/status.ts').then((module) => module.default),
  logs: () => import('./commands/logs.ts').then((module) => module.default),
  start: () => import('./commands/start.ts').then((module) => module.default),
  stop: () => import('./commands/stop.ts').then((module) => module.default),
  restart: () => import('./commands/restart.ts').then((module) => module.default),
  kill: () => import('./commands/kill.ts').then((module) => module.default),
  backing: () => import('./commands/backing.ts').then((module) => module.default),
  keys: () => import('./commands/keys.ts').then((module) => module.default),
  secrets: () => import('./commands/secrets.ts').then((module) => module.default),
  operators: () => import('./commands/operators.ts').then((module) => module.default),
  env: () => import('./commands/env.ts').then((module) => module.default),
  accounts: () => import('./commands/accounts.ts').then((module) => module.default),
  order: () => import('./commands/order.ts').then((module) => module.default),
  chaos: () => import('./commands/chaos.ts').then((module) => module.default),
  verify: () => import('./commands/verify.ts').then((module) => module.default),
  seed: () => import('./commands/seed.ts').then((module) => module.default),
  'dead-letters': () => import('./commands/dead-letters.ts').then((module) => module.default),
  backup: () => import('./commands/data/backup.ts').then((module) => module.default),
  restore: () => import('./commands/data/restore.ts').then((module) => module.default),
  conformance: () => import('./commands/conformance.ts').then((module) => module.default),
  swap: () => import('./commands/swap.ts').then((module) => module.default),
  doctor: () => import('./commands/doctor.ts').then((module) => module.default),
  test: () => import('./commands/test.ts').then((module) => module.default),
  check: () => import('./commands/check.ts').then((module) => module.default),
  generate: () => import('./commands/generate.ts').then((module) => module.default),
  new: () => import('./commands/new.ts').then((module) => module.default),
  remove: () => import('./commands/remove.ts').then((module) => module.default),
  upgrade: () => import('./commands/maintain/upgrade.ts').then((module) => module.default),
  lock: () => import('./commands/lock.ts').then((module) => module.default),
  supervise: () => import('./commands/supervise.ts').then((module) => module.default),
}

const main = defineCommand({
  meta: {
    name: 'sidecart',
    description: 'Runs the shop on this machine, looks into it and tests it',
  },
  subCommands,
})

/** These write or try files of the checkout, in which every port is the usual one. */
const onUsualPorts = ['generate', 'check', 'new', 'remove', 'lock', 'test', 'conformance']

const words = process.argv.slice(2)
// before a command, and with it the ports, is loaded
if (onUsualPorts.includes(words[0] ?? '')) delete process.env[portsVariable]
else process.env[portsVariable] = portsOf(words)
await runCommandLine(main, words)

function portsOf(words: string[]): string {
  try {
    return choosePorts(projectAt(), words)
  } catch (error) {
    console.error((error as Error).message)
    process.exit(1)
  }
}
