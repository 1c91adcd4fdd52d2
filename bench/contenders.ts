import { join } from 'node:path'
import type { ComponentSelection } from '@sidecart/platform/config/component-sets.ts'
import { type AppConfig, readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import { gatewayApp } from '@sidecart/platform/config/instances.ts'
import { type Project, UserError } from '@sidecart/platform/config/project.ts'
import { raiseLimits } from '@sidecart/platform/supervisor/lift-limits.ts'
import { type Front, prepareStack } from '@sidecart/platform/supervisor/prepare-stack.ts'
import type { ProcessSpec } from '@sidecart/platform/supervisor/process-spec.ts'
import { callsThroughBroker } from './measure/broker.ts'
import { callsServedBy } from './measure/requests.ts'

/** What runs, and where clients find the instances of the door when there is more than one. */
export type Running = { units: ProcessSpec[]; front?: Front }

/** A way to run the checkout. */
export type Contender = {
  name: string
  title: string
  /** Everything that runs, with its data in the project's home. */
  plan(project: Project): Promise<Running>
  /** Messages from one process to another (answers not counted) that a call, publishing an event and consumer one take. */
  legs: { call: number; say: number; receive: number }
  /** Runs once, however often the others do. */
  once?: boolean
  /** Lines of the durability checklist that it skips. */
  skips: readonly string[]
}

/** What a contender must do; one that skips a line is printed apart. */
export const checklist = [
  'an Idempotency-Key is one order for ever, by a unique constraint',
  'events are rows of the transaction that made them true (outbox)',
  'an event is applied once: its id and its effect commit together (inbox)',
  'the database is on disk at every commit (fsync, synchronous_commit)',
  'an event is on disk before it counts as said, and kept until its consumer is done with it',
  'a command to another service is idempotent and asked again until its outcome is known',
] as const

export const contenders: readonly Contender[] = [
  {
    name: 'dapr',
    title: 'Sidecart as shipped: Dapr sidecars, mTLS, access control',
    plan: (project) => beside(project, {}),
    legs: { call: 3, say: 2, receive: 2 },
    skips: [],
  },
  {
    name: 'dapr-plain',
    title: 'the same without mTLS and access control',
    plan: (project) =>
      beside(project, {}, (appConfig) => [{ ...appConfig, mtls: false, configFile: plain }]),
    legs: { call: 3, say: 2, receive: 2 },
    skips: [],
  },
  {
    name: 'direct',
    title: 'the same processes without sidecars: plain HTTP, the broker’s own client',
    plan: direct,
    legs: { call: 1, say: 1, receive: 1 },
    skips: [],
  },
  {
    name: 'monolith',
    title: 'all services in one process, calls in process, events straight from the outbox',
    plan: monolith,
    legs: { call: 0, say: 0, receive: 0 },
    skips: [],
  },
  {
    name: 'moleculer',
    title: 'the same checkout on Moleculer: calls over NATS, events on JetStream',
    plan: moleculer,
    legs: { call: 2, say: 1, receive: 1 },
    skips: [],
  },
  {
    name: 'dapr-3',
    title: 'Sidecart as shipped with three instances of every service',
    plan: (project) => beside(project, { instances: '3' }),
    once: true,
    legs: { call: 3, say: 2, receive: 2 },
    skips: [],
  },
]

/** @throws UserError naming those that there are */
export function contendersCalled(names: readonly string[]): Contender[] {
  return names.map((name) => {
    const found = contenders.find((contender) => contender.name === name)
    if (!found)
      throw new UserError(`no contender is called ${name}: ${contenders.map((c) => c.name).join()}`)
    return found
  })
}

/** How many calls the services of a contender have served, those at the door not counted. */
export function callsOf({ name }: Contender, units: readonly ProcessSpec[]): () => Promise<number> {
  if (name === 'moleculer') return callsThroughBroker
  const ports = units.flatMap(({ role, name, ports: { app } }) =>
    role === 'app' && app && !name.startsWith(gatewayApp) ? [app] : [],
  )
  return () => callsServedBy(ports)
}

/** Secrets come from the environment of the sidecars, because the data is in another folder than the shop's own. */
const choice: ComponentSelection = { secrets: 'env' }
const here = (path: string) => join(import.meta.dirname, path)
const plain = here('dapr/plain.yaml')

/** The shop beside its sidecars, each appConfig of dapr.yaml as `change` makes it. */
export async function beside(
  project: Project,
  more: ComponentSelection,
  change?: (appConfig: AppConfig) => AppConfig[],
): Promise<Running> {
  raiseLimits()
  const { servers, fleet, front } = await prepareStack(project, { ...choice, ...more }, change)
  return { units: [...servers.needed, ...fleet], ...(front && { front }) }
}

const controlPlane = ['sentry', 'scheduler']

/** Apps alone; nobody waits for them until the servers are there. */
async function alone(
  project: Project,
  change: (appConfig: AppConfig) => AppConfig[],
): Promise<Running> {
  raiseLimits()
  const { servers, fleet } = await prepareStack(project, choice, change)
  const needed = servers.needed.filter(({ name }) => !controlPlane.includes(name))
  const after = needed.map(({ name }) => name).filter((name) => name !== 'mail')
  const apps = fleet.filter(({ role }) => role === 'app')
  return { units: [...needed, ...apps.map((unit) => ({ ...unit, after }))] }
}

function direct(project: Project): Promise<Running> {
  const env = withoutSidecar(project)
  return alone(project, (appConfig) => [
    {
      ...appConfig,
      command: loading('direct/register.mjs', appConfig),
      env: { ...appConfig.env, ...env },
    },
  ])
}

function monolith(project: Project): Promise<Running> {
  const appConfigs = readRunFile(project.runFile)
  const env = Object.assign(
    {},
    ...appConfigs.map((appConfig) => appConfig.env),
    withoutSidecar(project),
  )
  return alone(project, (appConfig) => {
    if (appConfig.appId !== 'gateway') return []
    const command = loading('monolith/register.mjs', appConfig, here('monolith/main.ts'))
    return [{ ...appConfig, name: 'monolith', command, env }]
  })
}

/** A node for each service. Only the gateway listens; it is ready when it has found all others. */
async function moleculer(project: Project): Promise<Running> {
  const env = withoutSidecar(project)
  const { units } = await alone(project, (appConfig) => {
    const command = [...appConfig.command.slice(0, -1), here('moleculer/main.ts')]
    return [{ ...appConfig, command, env: { ...appConfig.env, ...env } }]
  })
  const hidden = (unit: ProcessSpec): ProcessSpec => ({
    ...unit,
    ports: {},
    ready: () => Promise.resolve(true),
  })
  return {
    units: units.map((unit) =>
      unit.role === 'app' && unit.name !== gatewayApp ? hidden(unit) : unit,
    ),
  }
}

/** The appConfig's own Node with something loaded before its program, or before another one. */
const loading = (register: string, { command }: AppConfig, program = command.at(-1) ?? '') => [
  ...command.slice(0, -1),
  '--import',
  here(register),
  program,
]

function withoutSidecar(project: Project): Record<string, string> {
  const peers = readRunFile(project.runFile).map(({ appId, ports }) => [appId, ports.app])
  return {
    DIRECT_SECRETS: project.secretsFile,
    DIRECT_PEERS: JSON.stringify(Object.fromEntries(peers)),
    // Without sidecars between them, apps know one token for all.
    APP_API_TOKEN: ensureAppTokens(project, 'users').APP_API_TOKEN,
  }
}
