import type { CloudEvent } from '@sidecart/chassis/contract/event.ts'
import type { Transport } from '@sidecart/chassis/sidecar/sidecar.ts'
import { v7 as uuid } from 'uuid'
import type { Trial } from './app.ts'

/** A fact as the outbox relay would say it. */
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

/** A fact for each number, under one key. */
export const eventsOf = (topic: string, key: string, ns: readonly number[], how?: Partial<Trial>) =>
  ns.map((n) => eventOf(topic, { key, n, ...how }))

export const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** Says facts in one request. @throws Error when not all were accepted */
export async function say(by: Transport, facts: readonly CloudEvent[]): Promise<void> {
  const { failed } = await by.publish(facts[0]?.type ?? '', facts)
  if (failed.length > 0) throw new Error(`${failed.length} of ${facts.length} were not accepted`)
}

/** Says facts one after another. */
export async function sayEach(by: Transport, facts: readonly CloudEvent[]): Promise<void> {
  for (const fact of facts) await say(by, [fact])
}

/** Says facts, each in a request of its own, until told to stop. Answers those that were accepted. */
export async function sayUntil(
  by: Transport,
  next: () => CloudEvent | undefined,
): Promise<CloudEvent[]> {
  const accepted: CloudEvent[] = []
  for (let fact = next(); fact; fact = next()) {
    const said = fact
    await say(by, [said]).then(
      () => accepted.push(said),
      () => {},
    )
  }
  return accepted
}
