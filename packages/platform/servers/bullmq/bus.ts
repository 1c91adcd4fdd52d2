import { type Job, Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'

export type Login = { host: string; port: number; username: string; password: string }

/** An initialised Dapr pub/sub component. */
export type Bus = {
  /** Rejects unless every group received all messages. */
  publish(topic: string, messages: readonly Buffer[]): Promise<void>
  /** Delivers one message at a time; redelivers a message after `handle` rejects. */
  subscribe(topic: string, handle: (message: Buffer) => Promise<void>): Promise<Subscription>
  close(): Promise<void>
}
export type Subscription = { close(): Promise<void> }

const prefix = 'events'
const groupsOf = (topic: string) => `${prefix}:groups:${topic}`
const queueOf = (group: string, topic: string) => `${group}.${topic}`

/** Jobs are kept until processed and retried without limit: dead letter topics decide when to give up. */
const kept = {
  attempts: Number.MAX_SAFE_INTEGER,
  backoff: { type: 'fixed', delay: 1_000 },
  removeOnComplete: true,
}

/**
 * Opens a bus with one Bull queue per topic and group: every group that has ever subscribed gets every message, and the
 * instances of a group share the messages. While Redis is away, publishing fails at once, and subscriptions wait and
 * continue.
 */
export async function openBus(login: Login, group: string): Promise<Bus> {
  const redis = await connected(login)
  const queues = new Map<string, Queue>()
  const queue = (name: string): Queue => {
    const there = queues.get(name)
    if (there) return there
    const one = new Queue(name, { prefix, connection: redis })
    one.on('error', ({ message }) => console.error(`${name}: ${message}`))
    queues.set(name, one)
    return one
  }

  async function publish(topic: string, messages: readonly Buffer[]): Promise<void> {
    const jobs = messages.map((message) => ({
      name: topic,
      data: message.toString('base64'),
      opts: kept,
    }))
    for (const one of await redis.smembers(groupsOf(topic)))
      await queue(queueOf(one, topic)).addBulk(jobs)
  }

  async function subscribe(
    topic: string,
    handle: (message: Buffer) => Promise<void>,
  ): Promise<Subscription> {
    await ensureGroup(redis, topic, group)
    const worker = new Worker(
      queueOf(group, topic),
      ({ data }: Job<string>) => handle(Buffer.from(data, 'base64')),
      {
        prefix,
        connection: { ...login, maxRetriesPerRequest: null },
        concurrency: 1,
        // redelivers messages of a dead worker, or of a worker without Redis, after this time
        lockDuration: 10_000,
        stalledInterval: 5_000,
        maxStalledCount: Number.MAX_SAFE_INTEGER,
      },
    )
    worker.on('error', ({ message }) => console.error(`${group} ${topic}: ${message}`))
    return { close: () => worker.close() }
  }

  async function close(): Promise<void> {
    for (const one of queues.values()) await one.close()
    redis.disconnect()
  }
  return { publish, subscribe, close }
}

/** Returns a connection that rejects commands while broken and reconnects. @throws when the first connection fails */
export async function connected(login: Login): Promise<Redis> {
  const atOnce = { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0 }
  const redis = new Redis({ ...login, ...atOnce })
  // the error of `connect` says only that the connection was closed
  let why: Error | undefined
  redis.on('error', (error: Error) => {
    why = error
    console.error(`redis: ${error.message}`)
  })
  await redis.connect().catch((error) => {
    redis.disconnect()
    throw why ?? error
  })
  return redis
}

/** Registers a group: messages published from now on wait for the group, also before its first subscription. */
export async function ensureGroup(redis: Redis, topic: string, group: string): Promise<void> {
  await redis.sadd(groupsOf(topic), group)
}
