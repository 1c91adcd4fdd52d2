import { join } from 'node:path'
import type { ComponentSelection } from '@sidecart/platform/config/components/component-sets.ts'
import { type AppConfig, readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import { gatewayApp } from '@sidecart/platform/config/instances.ts'
import { type Project, UserError } from '@sidecart/platform/config/project.ts'
import { raiseLimits } from '@sidecart/platform/supervisor/lift-limits.ts'
import { type Front, prepareStack } from '@sidecart/platform/supervisor/prepare-stack.ts'
import type { ProcessSpec } from '@sidecart/platform/supervisor/process-spec.ts'
import { callsThroughBroker } from './measure/broker.ts'
import { callsServedBy } from './measure/requests.ts'

/** The processes, and the load balancer in front of several gateway instances. */
export type Running = { units: ProcessSpec[]; front?: Front }

/** A way to run the checkout. */
export type Contender = {
  name: string
  title: string
  /** Returns all processes, with their data in the project's home. */
  plan(project: Project): Promise<Running>
  /**
   * Messages between processes (responses not counted) for one call, one published event, and one
   * received event.
   */
  legs: { call: number; publish: number; receive: number }
  /** Runs one block only, whatever the number of rounds. */
  once?: boolean
  /** Lines of the durability checklist not fulfilled by the contender. */
  skips: readonly string[]
}

/** The durability guarantees of a contender. A contender without one of them is printed apart. */
export const checklist = [
  'an Idempotency-Key is one order for ever, by a unique constraint',
  'events are rows of the transaction that made them true (outbox)',
  'an event is applied once: its id and its effect commit together (inbox)',
  'the database is on disk at every commit (fsync, synchronous_commit)',
  'an event is on disk before it counts as published, and kept until its consumer is done with it',
  'a command to another service is idempotent and asked again until its outcome is known',
] as const

export const contenders: readonly Contender[] = [
  {
    name: 'dapr',
    title: 'Sidecart as shipped: Dapr sidecars, mTLS, access control',
    plan: (project) => beside(project, {}),
    legs: { call: 3, publish: 2, receive: 2 },
    skips: [],
  },
  {
    name: 'dapr-plain',
    title: 'the same without mTLS and access control',
    plan: (project) =>
      beside(project, {}, (appConfig) => [{ ...appConfig, mtls: false, configFile: plain }]),
    legs: { call: 3, publish: 2, receive: 2 },
    skips: [],
  },
  {
    name: 'direct',
    title: 'the same processes without sidecars: plain HTTP, the broker’s own client',
    plan: direct,
    legs: { call: 1, publish: 1, receive: 1 },
    skips: [],
  },
  {
    name: 'monolith',
    title: 'all services in one process, calls in process, events straight from the outbox',
    plan: monolith,
    legs: { call: 0, publish: 0, receive: 0 },
    skips: [],
  },
  {
    name: 'moleculer',
    title: 'the same checkout on Moleculer: calls over NATS, events on JetStream',
    plan: moleculer,
    legs: { call: 2, publish: 1, receive: 1 },
    skips: [],
  },
  {
    name: 'dapr-3',
    title: 'Sidecart as shipped with three instances of every service',
    plan: (project) => beside(project, { instances: '3' }),
    once: true,
    legs: { call: 3, publish: 2, receive: 2 },
    skips: [],
  },
]

/** @throws UserError naming the known contenders */
export function contendersCalled(names: readonly string[]): Contender[] {
  return names.map((name) => {
    const found = contenders.find((contender) => contender.name === name)
    if (!found)
      throw new UserError(`no contender is called ${name}: ${contenders.map((c) => c.name).join()}`)
    return found
  })
}

/**
 * Returns a counter of calls served by the services of a contender, without requests to the
 * gateway.
 */
export function callsOf({ name }: Contender, units: readonly ProcessSpec[]): () => Promise<number> {
  if (name === 'moleculer') return callsThroughBroker
  const ports = units.flatMap(({ role, name, ports: { app } }) =>
    role === 'app' && app && !name.startsWith(gatewayApp) ? [app] : [],
  )
  return () => callsServedBy(ports)
}

/** The sidecars read secrets from the environment, because the data folder is not the shop's. */
const choice: ComponentSelection = { secrets: 'env' }
const here = (path: string) => join(import.meta.dirname, path)
const plain = here('dapr/plain.yaml')

/** The shop with sidecars; `change` may replace each app config of dapr.yaml. */
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

/**
 * The apps without sidecars and control plane. Apps start after the servers, because no sidecar
 * waits for them.
 */
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

/**
 * One node per service. Only the gateway listens on a port, and is ready after discovering all
 * other nodes.
 */
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

/**
 * Returns the app config's Node command with a preloaded module, optionally running another
 * program.
 */
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
    // Without sidecars in between, all apps share one token.
    APP_API_TOKEN: ensureAppTokens(project, 'users').APP_API_TOKEN,
  }
}
