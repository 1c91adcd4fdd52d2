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
 * Starts a gRPC server for Dapr's protocol of pluggable pub/sub components, with reflection, through which a sidecar
 * discovers the component's kind. Every component loaded by a sidecar is a bus of its own, identified by name.
 */
export function createServer(): grpc.Server {
  const buses = new Map<string, { bus: Promise<Bus>; settings: string }>()
  const busOf = async (call: { metadata: grpc.Metadata }): Promise<Bus> => {
    const there = buses.get(nameOf(call))
    if (there) return there.bus
    throw new Error(`${nameOf(call)} was not initialized here`)
  }

  /** Several sidecars may load a component of the same name; a later one does not replace the bus of an earlier one. */
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

/** Returns the component name. A sidecar publishing during a delivery, as with dead letters, sends the name twice. */
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

/** The first message of the stream names the topic; each further one acknowledges the message sent before. */
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

/** Returns a handler that replies with the promise's result; reports an error to the sidecar as unavailable. */
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
