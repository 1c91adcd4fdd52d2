import { join } from 'node:path'
import * as grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'
import { type Bus, openBus, type Subscription } from './bus.ts'

const root = join(import.meta.dirname, 'proto')
const definition = loadSync('dapr/proto/components/v1/pubsub.proto', { includeDirs: [root] })
const service = definition['dapr.proto.components.v1.PubSub'] as grpc.ServiceDefinition

type Init = { metadata: { properties: Record<string, string> } }
type Publish = { topic: string; data: Buffer }
type BulkPublish = { topic: string; entries: { entryId: string; event: Buffer }[] }
type FromDapr = { topic?: { name: string }; ackMessageId?: string; ackError?: { message: string } }
type ToDapr = { data: Buffer; topicName: string; id: string; contentType: string }
type Pull = grpc.ServerDuplexStream<FromDapr, ToDapr>

const oneMessageBytes = 8 * 1024 * 1024

/**
 * A gRPC server that speaks Dapr's protocol for pluggable pub/sub components, with reflection, by which a sidecar finds
 * out what it is. Every component that a sidecar loads is a bus of its own, told apart by its name.
 */
export function createServer(): grpc.Server {
  const buses = new Map<string, { bus: Promise<Bus>; settings: string }>()
  const busOf = async (call: { metadata: grpc.Metadata }): Promise<Bus> => {
    const there = buses.get(nameOf(call))
    if (there) return there.bus
    throw new Error(`${nameOf(call)} was not initialized here`)
  }

  /** Several sidecars may load a component of the same name; one that comes later takes nothing from the others. */
  async function init(name: string, properties: Record<string, string>): Promise<void> {
    const there = buses.get(name)
    const settings = JSON.stringify(Object.entries(properties).sort())
    if (there?.settings === settings) return
    const bus = openBus(loginIn(properties), properties.consumerID ?? '')
    buses.set(name, { bus, settings })
    await bus.catch((error) => {
      buses.delete(name)
      throw error
    })
    await there?.bus.then((old) => old.close())
  }

  const server = new grpc.Server({
    'grpc.max_receive_message_length': oneMessageBytes,
    'grpc.max_send_message_length': oneMessageBytes,
  })
  server.addService(service, {
    Init: answering(async (call: grpc.ServerUnaryCall<Init, object>) => {
      await init(nameOf(call), call.request.metadata.properties)
      return {}
    }),
    Features: answering(async () => ({ features: ['BULK_PUBSUB'] })),
    Ping: answering(async () => ({})),
    Publish: answering(async (call: grpc.ServerUnaryCall<Publish, object>) => {
      await (await busOf(call)).publish(call.request.topic, [call.request.data])
      return {}
    }),
    BulkPublish: answering(async (call: grpc.ServerUnaryCall<BulkPublish, object>) => {
      const { topic, entries } = call.request
      const events = entries.map(({ event }) => event)
      await (await busOf(call)).publish(topic, events)
      return {}
    }),
    PullMessages: (call: Pull) => pull(call, () => busOf(call)),
  })
  new ReflectionService(definition).addToServer(server)
  return server
}

/** Named twice when a sidecar says something while it handles something, as it does with dead letters. */
const nameOf = ({ metadata }: { metadata: grpc.Metadata }): string =>
  String(metadata.get('x-component-instance').at(-1) ?? '')
    .split(',')
    .at(-1)
    ?.trim() ?? ''

function loginIn({
  redisHost = '',
  redisUsername = '',
  redisPassword = '',
}: Record<string, string>) {
  const { hostname, port } = new URL(`redis://${redisHost}`)
  return { host: hostname, port: Number(port), username: redisUsername, password: redisPassword }
}

/** The first message of the stream names the topic, each further one answers the message that was sent before it. */
function pull(call: Pull, bus: () => Promise<Bus>): void {
  let subscription: Promise<Subscription> | undefined
  let answer = Promise.withResolvers<void>()
  let count = 0

  function bring(topicName: string, data: Buffer): Promise<void> {
    answer = Promise.withResolvers<void>()
    count += 1
    call.write({ data, topicName, id: String(count), contentType: 'application/cloudevents+json' })
    return answer.promise
  }

  function end(): void {
    answer.reject(new Error('the sidecar is gone'))
    void subscription?.then((one) => one.close()).catch(() => {})
    call.end()
  }

  answer.promise.catch(() => {})
  call.on('data', ({ topic, ackMessageId, ackError }: FromDapr) => {
    if (topic)
      subscription = bus()
        .then((one) => one.subscribe(topic.name, (data) => bring(topic.name, data)))
        .catch((error: Error) => {
          call.destroy(error)
          throw error
        })
    else if (ackMessageId !== String(count)) return
    else if (ackError?.message) answer.reject(new Error(ackError.message))
    else answer.resolve()
  })
  for (const event of ['cancelled', 'end', 'error']) call.on(event, end)
}

/** A handler whose answer is what the promise becomes; an error is told to the sidecar as unavailable. */
function answering<Request, Reply>(
  work: (call: grpc.ServerUnaryCall<Request, Reply>) => Promise<Reply>,
): grpc.handleUnaryCall<Request, Reply> {
  return (call, callback) => {
    work(call).then(
      (reply) => callback(null, reply),
      ({ message }: Error) => callback({ code: grpc.status.UNAVAILABLE, message }),
    )
  }
}
