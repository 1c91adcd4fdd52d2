/**
 * Every pinned version but those of npm packages (`package.json` of each workspace) and of Go modules (`go.mod` beside this
 * file). `./sidecart generate` writes them into the files of other tools.
 */

export type PartName = 'dapr' | 'daprd' | 'sentry' | 'scheduler' | 'nats-server'

type Pin = {
  version: string
  /** The oldest fitting version. */
  least: string
  /** The prefix of `least` that a fitting version shares: `1.18` for the runtime, `1` for tools. */
  same: 'major' | 'minor'
  why: string
}

const daprRuntime: Pin = {
  version: '1.18.3',
  least: '1.18.3',
  same: 'minor',
  why: 'components and access control change between minor versions, and 1.18.2 can be crashed by an event, so 1.18.3 or a later 1.18',
}

/** The version to install for each part, and the range of fitting installed versions. */
export const pins: Record<PartName, Pin> = {
  daprd: daprRuntime,
  sentry: daprRuntime,
  scheduler: daprRuntime,
  dapr: {
    version: '1.16.5',
    least: '1.16.5',
    same: 'major',
    why: 'the run file needs 1.16.5 or a later 1.x',
  },
  'nats-server': {
    version: '2.15.2',
    least: '2.11.0',
    same: 'major',
    why: 'JetStream as used here needs 2.11 or a later 2.x',
  },
}

/** Versions of jars, from Maven Central. */
export const jars = { kafka: '4.3.1', zipkin: '3.6.1' }

/** Images of the shop in containers, those of Dapr, NATS and Zipkin in the versions of the programs. */
export const images: readonly string[] = [
  'node:24-bookworm-slim',
  'postgres:18.4-bookworm',
  `nats:${pins['nats-server'].version}-alpine`,
  ...['daprd', 'sentry', 'scheduler'].map((name) => `daprio/${name}:${daprRuntime.version}`),
  'prom/prometheus:v3.5.0',
  'otel/opentelemetry-collector-contrib:0.148.0',
  `openzipkin/zipkin:${jars.zipkin}`,
  'grafana/grafana:12.3.0',
]

export const partNames = Object.keys(pins) as PartName[]

/** Returns undefined when `version` fits, else the reason. Pre-releases and unreadable versions never fit. */
export function misfit(name: PartName, version: string): string | undefined {
  const { least, same, why } = pins[name]
  const [have, want] = [numbers(version), numbers(least)]
  const shared = same === 'minor' ? 2 : 1
  const fits =
    have &&
    want &&
    have.slice(0, shared).join() === want.slice(0, shared).join() &&
    compare(have, want) >= 0
  return fits ? undefined : `version ${version || 'unknown'} does not fit: ${why}`
}

/** Returns true for versions such as `7.0.15` equal to or later than this one; false for unreadable versions. */
export function atLeast(version: string, least: string): boolean {
  const [have, want] = [numbers(version), numbers(least)]
  return have !== undefined && want !== undefined && compare(have, want) >= 0
}

function numbers(version: string): number[] | undefined {
  const found = /^v?(\d+)\.(\d+)\.(\d+)(\+.*)?$/.exec(version.trim())
  return found ? found.slice(1, 4).map(Number) : undefined
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, i) => number !== b[i])
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}
