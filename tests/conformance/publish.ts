import type { CloudEvent } from '@sidecart/chassis/contract/event.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import { v7 as uuid } from 'uuid'
import type { Trial } from './app.ts'

/** Builds an event like the outbox relay. */
export function eventOf(topic: string, trial: Trial): CloudEvent {
  return {
    id: uuid(),
    source: topic.split('-')[0] ?? '',
    type: topic,
    specversion: '1.0',
    datacontenttype: 'application/json',
    time: new Date().toISOString(),
    data: trial,
  }
}

/** Builds one event per number, under one key. */
export const eventsOf = (topic: string, key: string, ns: readonly number[], how?: Partial<Trial>) =>
  ns.map((n) => eventOf(topic, { key, n, ...how }))

export const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** Publishes events in one request. @throws Error when not all were accepted */
export async function say(by: Sidecar, events: readonly CloudEvent[]): Promise<void> {
  const { failed } = await by.publish(events[0]?.type ?? '', events)
  if (failed.length > 0) throw new Error(`${failed.length} of ${events.length} were not accepted`)
}

/** Publishes events one after another. */
export async function sayEach(by: Sidecar, events: readonly CloudEvent[]): Promise<void> {
  for (const event of events) await say(by, [event])
}

/**
 * Publishes events, one per request, until `next` returns `undefined`. Returns the accepted events.
 */
export async function sayUntil(
  by: Sidecar,
  next: () => CloudEvent | undefined,
): Promise<CloudEvent[]> {
  const accepted: CloudEvent[] = []
  for (let event = next(); event; event = next()) {
    const said = event
    await say(by, [said]).then(
      () => accepted.push(said),
      () => {},
    )
  }
  return accepted
}
