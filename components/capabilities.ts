/**
 * Capabilities of component sets. The conformance suite tests each one on every set, on a real server. A capability
 * missing in a set must be declared with the reason in the definition of its server (`packages/platform/servers/`); the
 * suite also fails when a declared lack turns out to work.
 */
export const capabilities = {
  broker: {
    'every-subscriber': 'every app that subscribes receives an event',
    'durable-subscription': 'an app receives what was published before its first start',
    'consumer-away': 'events wait while an app and its sidecar are down',
    'app-away':
      'events wait while an app is down and its sidecar is not; none becomes a dead letter',
    'app-crash': 'an event that took its app’s process down is handled once that is back',
    'sidecar-crash': 'an event whose sidecar died is delivered again within a minute',
    'broker-crash': 'what was accepted outlives a killed broker, and both sides find it again',
    'broker-away':
      'while the broker is down nothing is accepted, and nothing has to be restarted after',
    'no-false-acknowledgement':
      'what was accepted is received, even when the broker is killed at that moment',
    competing: 'two instances share the work, and none of it is done twice',
    retries: 'an event that the app does not take is brought again, and applied once',
    poison: 'one that it never takes comes to the dead letters of the app, and can be replayed',
    duplicates: 'the same event published three times is applied once',
    deduplicates:
      'the broker itself drops the second copy of an event published within two minutes',
    ordered: 'events published one after another are handled in that order',
    'ordered-bulk': 'events published in one bulk request are handled in that order',
    'ordered-retries':
      'an event that the app does not take at once is not overtaken by the next one',
    'ordered-competing':
      'two instances that share the work handle the events about one thing in their order, retries included',
    bulk: 'a hundred events in one request are all accepted and received',
    megabyte: 'an event of 1 MB arrives',
    'topic-scopes': 'an app cannot publish the events of another app',
  },
  state: {
    values: 'every JSON value comes back as it was saved, and what is not there as nothing',
    'first-write': 'of two who save the first version, one is refused',
    'first-write-late':
      'who saves the first version is refused also where an entry was saved without any condition',
    etags: 'saving and deleting with an ETag that no longer matches is refused',
    'concurrent-writers': 'twenty writers who read, change and save lose no update',
    ttl: 'an entry is gone when its time is over',
    'ttl-renewed': 'saving again gives an entry a new time, and saving without one makes it stay',
    transaction: 'a transaction does all of it',
    'transaction-undone': 'a transaction with one stale ETag does nothing of it',
    'odd-keys': 'keys may hold spaces, slashes, quotes, percent signs, wildcards and any letters',
    megabyte: 'a value of 1 MB comes back',
    shared: 'instances of an app see the same entries',
    crash: 'what was saved outlives a killed store, and the sidecar finds it again',
  },
} as const

export type Kind = keyof typeof capabilities
export type Capability<K extends Kind> = keyof (typeof capabilities)[K]

/** The reason why a set lacks a capability; `sometimes` for a race, which the suite can only observe. */
export type Lack = string | { sometimes: string }
export const reasonOf = (lack: Lack): string => (typeof lack === 'string' ? lack : lack.sometimes)

/** The capabilities missing in a component type, with reasons. */
export type Lacks<K extends Kind> = Partial<Record<Capability<K>, Lack>>

/** Reasons that several brokers share. */
export const parallelBulk =
  'Dapr publishes the events of a bulk request in parallel where the component has no bulk request of its own'
export const anyInstance: Lack = {
  sometimes:
    'the next event about a thing may go to another instance while one tries an earlier event again: events carry versions',
}
export const keepsCopies = (place: string): Lack =>
  `${place} keeps every copy: the inbox drops them`
