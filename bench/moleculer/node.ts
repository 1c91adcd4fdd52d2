import type { EventDefinition } from '@sidecart/chassis/contract/event.ts'
import { Fault, Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import { createConsumer, type Handler } from '@sidecart/chassis/messaging/consumer.ts'
import { createDeadLetters, type DeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import { createInbox, type Inbox } from '@sidecart/chassis/messaging/inbox.ts'
import { createOutboxRelay } from '@sidecart/chassis/messaging/outbox.ts'
import { createLog, type Log } from '@sidecart/chassis/observability/log.ts'
import type { Tx } from '@sidecart/chassis/persistence/database.ts'
import { type Database, openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { type CallingOptions, Errors, ServiceBroker, type ServiceSchema } from 'moleculer'
import { createDirectSidecar, type DirectSidecar } from '../direct/direct-sidecar.ts'
import { directOptions } from '../direct/environment.ts'
import '@sidecart/chassis/core/v8-flags.ts'

type Migrations = Parameters<typeof openDatabase>[0]['migrations']

/**
 * The parts of a Moleculer service. Features missing in Moleculer are the same as in the other
 * contenders.
 */
export type Node = {
  name: string
  log: Log
  /** State, secrets, mails, and events on JetStream; calls go through the broker. */
  outside: DirectSidecar
  broker: ServiceBroker
  /** @throws Refusal when the other service refuses, Fault when the outcome is unknown */
  call<T>(action: string, params: unknown, options?: CallingOptions): Promise<T>
  database<S>(migrations: Migrations): Promise<Database<S>>
  /** Publishes the events in the outbox. */
  relay<S>(database: Database<S>, events: Record<string, EventDefinition>): void
  /**
   * Subscribes to events. Duplicates are dropped by the inbox; failed events are stored as in the
   * shop.
   */
  receive<T>(
    handlers: readonly Handler<T>[],
    inbox: Inbox<T>,
    deadLetters: DeadLetters,
  ): Promise<void>
  hearInto<S>(database: Database<S>, handlers: readonly Handler<Tx<S>>[]): Promise<void>
}

export type MakeService = (node: Node) => Promise<ServiceSchema>

export async function startNode() {
  const options = directOptions()
  const log = createLog(options.app, 'info')
  const outside = createDirectSidecar(options)
  const broker = new ServiceBroker({
    nodeID: options.app,
    transporter: { type: 'NATS', options: { url: await outside.secret('broker-url') } },
    logLevel: 'warn',
    requestTimeout: 10_000,
    tracking: { enabled: true, shutdownTimeout: 5_000 },
  })
  const node: Node = {
    name: options.app,
    log,
    outside,
    broker,
    call,
    database,
    relay,
    receive,
    hearInto,
  }

  async function call<T>(action: string, params: unknown, more: CallingOptions = {}): Promise<T> {
    try {
      return (await broker.call(action, params, more)) as T
    } catch (error) {
      throw fromMoleculer(action, error)
    }
  }

  async function database<S>(migrations: Migrations): Promise<Database<S>> {
    const connectionString = await outside.secret(`${options.app}-database`)
    return openDatabase<S>({ connectionString, migrations, log })
  }

  function relay<S>(from: Database<S>, events: Record<string, EventDefinition>): void {
    const about = { database: from as Database<unknown>, source: options.app, events, log }
    createOutboxRelay({ ...about, sidecar: outside }).start()
  }

  async function receive<T>(
    handlers: readonly Handler<T>[],
    inbox: Inbox<T>,
    deadLetters: DeadLetters,
  ): Promise<void> {
    const consumer = createConsumer({ name: options.app, handlers, inbox, deadLetters, log })
    const deliver = async (topic: string, text: string) => {
      const event: unknown = JSON.parse(text)
      await consumer
        .consume(topic, event)
        .catch((why: unknown) => consumer.storeFailure(topic, event, why, 1))
      return true
    }
    await outside.receive(options.app, consumer.topics, deliver, log)
  }

  function hearInto<S>(from: Database<S>, handlers: readonly Handler<Tx<S>>[]): Promise<void> {
    return receive(handlers, createInbox(from), createDeadLetters(from as Database<unknown>))
  }

  async function serve(make: MakeService): Promise<void> {
    broker.createService(await make(node))
    await broker.start()
    log.info('ready')
  }
  return { name: options.app, serve }
}

/** A refusal travels as a client error with the refusal's code. */
export async function told<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    if (error instanceof Refusal)
      throw new Errors.MoleculerClientError(error.message, statusOf(error), error.code)
    throw error
  })
}

const statusOf = ({ code }: Refusal): number => (code === 'not-found' ? 404 : 409)

function fromMoleculer(action: string, error: unknown): Error {
  const { name, type, message } = error as { name?: string; type?: string; message?: string }
  if (name === 'MoleculerClientError' && type) return refused(type, message ?? type)
  return new Fault('unavailable', `${action} failed: ${message}`, { cause: error })
}
