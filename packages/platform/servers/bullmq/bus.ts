import { type Job, Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'

export type Login = { host: string; port: number; username: string; password: string }

/** What one Dapr component is, once it has its settings. */
export type Bus = {
  /** Rejects when not every group has got all of it. */
  publish(topic: string, messages: readonly Buffer[]): Promise<void>
  /** Hands over one message at a time; one whose `handle` rejects comes again. */
  subscribe(topic: string, handle: (message: Buffer) => Promise<void>): Promise<Subscription>
  close(): Promise<void>
}
export type Subscription = { close(): Promise<void> }

const prefix = 'events'
const groupsOf = (topic: string) => `${prefix}:groups:${topic}`
const queueOf = (group: string, topic: string) => `${group}.${topic}`

/** Kept until they are handled, and tried again for ever: giving up is the business of dead letter topics. */
const kept = {
  attempts: Number.MAX_SAFE_INTEGER,
  backoff: { type: 'fixed', delay: 1_000 },
  removeOnComplete: true,
}

/**
 * A Bull queue for each topic and group: every group that has ever subscribed gets every message, and the instances of a
 * group share them. While Redis is away publishing fails at once, and subscriptions wait and go on.
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
        // what a worker held that is gone, or whose Redis was away, is handed over again after that time
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

/** A connection that refuses while it is broken, and mends itself. @throws when it cannot be opened */
export async function connected(login: Login): Promise<Redis> {
  const atOnce = { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0 }
  const redis = new Redis({ ...login, ...atOnce })
  // what `connect` rejects with says no more than that it was closed
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

/** From now on the group gets what is published on the topic, also before it subscribes. */
export async function ensureGroup(redis: Redis, topic: string, group: string): Promise<void> {
  await redis.sadd(groupsOf(topic), group)
}
