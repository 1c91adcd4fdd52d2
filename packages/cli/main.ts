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
  operators: () => import('./commands/shop/operators.ts').then((module) => module.default),
  env: () => import('./commands/env.ts').then((module) => module.default),
  accounts: () => import('./commands/shop/accounts.ts').then((module) => module.default),
  order: () => import('./commands/shop/order.ts').then((module) => module.default),
  chaos: () => import('./commands/proof/chaos.ts').then((module) => module.default),
  verify: () => import('./commands/proof/verify.ts').then((module) => module.default),
  seed: () => import('./commands/shop/seed.ts').then((module) => module.default),
  'dead-letters': () => import('./commands/shop/dead-letters.ts').then((module) => module.default),
  backup: () => import('./commands/data/backup.ts').then((module) => module.default),
  restore: () => import('./commands/data/restore.ts').then((module) => module.default),
  conformance: () => import('./commands/proof/conformance.ts').then((module) => module.default),
  swap: () => import('./commands/swap.ts').then((module) => module.default),
  doctor: () => import('./commands/doctor.ts').then((module) => module.default),
  test: () => import('./commands/project/test.ts').then((module) => module.default),
  check: () => import('./commands/project/check.ts').then((module) => module.default),
  generate: () => import('./commands/project/generate.ts').then((module) => module.default),
  new: () => import('./commands/project/new.ts').then((module) => module.default),
  remove: () => import('./commands/project/remove.ts').then((module) => module.default),
  upgrade: () => import('./commands/maintain/upgrade.ts').then((module) => module.default),
  lock: () => import('./commands/project/lock.ts').then((module) => module.default),
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
