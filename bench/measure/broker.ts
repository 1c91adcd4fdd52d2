import { portsOf } from '@sidecart/platform/config/ports.ts'
import { nats } from '@sidecart/platform/servers/nats.ts'
import { z } from 'zod'

const Jetstream = z.object({
  account_details: z
    .array(
      z.object({
        stream_detail: z
          .array(
            z.object({
              state: z.object({ last_seq: z.number() }),
              consumer_detail: z
                .array(
                  z.object({
                    delivered: z.object({ consumer_seq: z.number() }),
                    num_pending: z.number().default(0),
                    num_ack_pending: z.number().default(0),
                  }),
                )
                .default([]),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
})
/** Counters of the broker since its start, and the events still to deliver. */
export type BrokerCounts = {
  /** Published events. */
  published: number
  /** Deliveries to consumers. */
  received: number
  /** Events not yet delivered to a consumer, or not acknowledged. */
  waiting: number
}

export async function brokerCounts(): Promise<BrokerCounts> {
  const jetstream = await read('jsz?accounts=true&streams=true&consumers=true', Jetstream)
  const streams = jetstream.account_details.flatMap(({ stream_detail }) => stream_detail)
  const consumers = streams.flatMap(({ consumer_detail }) => consumer_detail)
  const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0)
  return {
    published: sum(streams.map(({ state }) => state.last_seq)),
    received: sum(consumers.map(({ delivered }) => delivered.consumer_seq)),
    waiting: sum(
      consumers.map(({ num_pending, num_ack_pending }) => num_pending + num_ack_pending),
    ),
  }
}

const Connections = z.object({
  connections: z.array(
    z.object({
      subscriptions_list_detail: z
        .array(z.object({ subject: z.string(), msgs: z.number().default(0) }))
        .default([]),
    }),
  ),
})

/** Returns the number of Moleculer requests delivered by the broker. */
export async function callsThroughBroker(): Promise<number> {
  const { connections } = await read('connz?subs=detail', Connections)
  return connections
    .flatMap(({ subscriptions_list_detail }) => subscriptions_list_detail)
    .filter(({ subject }) => subject.startsWith('MOL.REQ'))
    .reduce((sum, { msgs }) => sum + msgs, 0)
}

async function read<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
  const answer = await fetch(`http://127.0.0.1:${portsOf(nats).monitor}/${path}`)
  return schema.parse(await answer.json())
}
