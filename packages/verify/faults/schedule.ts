import { createRandom, type Random } from '@sidecart/client/random.ts'

export const kinds = [
  'kill',
  'freeze',
  'broker',
  'db',
  'network',
  'provider',
  'duplicate',
  'overload',
] as const
export type Kind = (typeof kinds)[number]

/**
 * Faults possible on JetStream only: stored events can be read again, and the server listens behind
 * a network proxy.
 */
const jetstreamOnly: readonly Kind[] = ['duplicate', 'network']
/** Faults possible on every broker. */
export const everywhere: readonly Kind[] = kinds.filter((kind) => !jetstreamOnly.includes(kind))

/** The actions and the unit of `size`; empty for instantaneous actions. */
const units = {
  kill: '',
  stop: 's',
  freeze: 's',
  terminate: '',
  lock: 's',
  delay: 's',
  cut: 's',
  reset: '',
  silent: 'requests',
  broken: 'requests',
  away: 'requests',
  twice: 'requests',
  decline: 'requests',
  repeat: 'events',
  burst: 's',
} as const
type Deed = keyof typeof units

export type Fault = {
  /** Seconds after the start. */
  atSeconds: number
  kind: Kind
  does: Deed
  /** A process, a service's database, a network proxy, or a server. */
  target: string
  /** Duration or count, in the unit of the action. */
  size: number
}

export type Targets = {
  /** Services and sidecars. */
  processes: readonly string[]
  /** Services with a database. */
  databases: readonly string[]
  /** The message broker's process. */
  broker: string
}

const longestSeconds = 3600

/**
 * Yields one fault every `everySeconds`, endlessly; identical for identical seed, kinds and
 * targets.
 */
export function* schedule(
  seed: number,
  wanted: readonly Kind[],
  targets: Targets,
  everySeconds: number,
): Generator<Fault, never> {
  const random = createRandom(seed)
  for (let count = 1; ; count += 1) {
    const kind = random.pick(wanted)
    const [does, target, least, most] = choose[kind](random, targets)
    const size = units[does] === '' ? 0 : random.int(least, most)
    yield { atSeconds: count * everySeconds, kind, does, target, size }
  }
}

type ComponentSelection = [does: Deed, target: string, least: number, most: number]

const choose: Record<Kind, (random: Random, targets: Targets) => ComponentSelection> = {
  kill: (random, { processes }) => ['kill', random.pick(processes), 0, 0],
  freeze: (random, { processes }) => ['freeze', random.pick(processes), 2, 10],
  broker: (random, { broker }) => [random.pick(['kill', 'stop', 'freeze']), broker, 2, 6],
  db: (random, { databases }) => {
    const does = random.pick(['kill', 'terminate', 'lock'])
    return [does, does === 'kill' ? 'postgres' : random.pick(databases), 2, 8]
  },
  network: (random) => [
    random.pick(['delay', 'cut', 'reset']),
    random.pick(['postgres', 'nats', 'provider']),
    2,
    6,
  ],
  provider: (random) => [
    random.pick(['kill', 'silent', 'broken', 'away', 'twice']),
    'provider',
    3,
    15,
  ],
  duplicate: (_, { broker }) => ['repeat', broker, 20, 200],
  overload: () => ['burst', 'gateway', 1, 3],
}

/** Duration in seconds. Counted faults last until `chaos` ends them. */
export const lastsSeconds = ({ does, size }: Fault): number =>
  units[does] === 's' ? size : longestSeconds

/** Describes a fault in a few words. */
export function wordsFor({ does, target, size }: Fault): string {
  const unit = units[does]
  return unit === '' ? `${does} ${target}` : `${does} ${target}, ${size} ${unit}`
}
