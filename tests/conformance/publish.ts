import type { CloudEvent } from '@sidecart/chassis/contract/event.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import { v7 as uuid } from 'uuid'
import type { Trial } from './app.ts'

/** Builds an event like the outbox relay. Events with the same `about`, by default the trial's key, stay in order. */
export function eventOf(topic: string, trial: Trial, about = trial.key): CloudEvent {
  return {
    id: uuid(),
    source: topic.split('-')[0] ?? '',
    type: topic,
    specversion: '1.0',
    datacontenttype: 'application/json',
    time: new Date().toISOString(),
    partitionkey: about,
    data: trial,
  }
}

/** Builds one event per number, under one key. */
export const eventsOf = (topic: string, key: string, ns: readonly number[], how?: Partial<Trial>) =>
  ns.map((n) => eventOf(topic, { key, n, ...how }))

/** Builds `count` events about so many things, in turn. `first` tells the behaviour for the first event. */
export const eventsAbout = (
  topic: string,
  things: number,
  key: string,
  count: number,
  first?: Partial<Trial>,
) =>
  upTo(count).map((n) => eventOf(topic, { key, n, ...(n === 1 && first) }, `${key} ${n % things}`))

export const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** Publishes events in one request. @throws Error when not all were accepted */
export async function publish(by: Sidecar, events: readonly CloudEvent[]): Promise<void> {
  const { failed } = await by.publish(events[0]?.type ?? '', events)
  if (failed.length > 0) throw new Error(`${failed.length} of ${events.length} were not accepted`)
}

/** Publishes events one after another. */
export async function publishEach(by: Sidecar, events: readonly CloudEvent[]): Promise<void> {
  for (const event of events) await publish(by, [event])
}

/**
 * Publishes events, one per request, until `next` returns `undefined`. Returns the accepted events.
 */
export async function publishUntil(
  by: Sidecar,
  next: () => CloudEvent | undefined,
): Promise<CloudEvent[]> {
  const accepted: CloudEvent[] = []
  for (let event = next(); event; event = next()) {
    const current = event
    await publish(by, [current]).then(
      () => accepted.push(current),
      () => {},
    )
  }
  return accepted
}
