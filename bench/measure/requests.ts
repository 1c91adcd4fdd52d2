const line = /^http_request_duration_seconds_count\{(?<labels>.*)\} (?<count>\d+)/gm

/** The gateway asks this by itself, every two seconds while tokens arrive. */
const endedSessions = 'route="/internal/ended-sessions"'
const isCall = (labels: string) =>
  !labels.includes('route="/events/') && !labels.includes(endedSessions)
const isRead = (labels: string) => labels.includes(endedSessions)

function requestsIn(metrics: string, counts: (labels: string) => boolean): number {
  let requests = 0
  for (const { groups } of metrics.matchAll(line))
    if (counts(groups?.labels ?? '')) requests += Number(groups?.count)
  return requests
}

/** Returns the requests served by an app according to its metrics, without delivered events and the gateway's own. */
export const callsIn = (metrics: string): number => requestsIn(metrics, isCall)

async function servedBy(
  appPorts: readonly number[],
  counts: (labels: string) => boolean,
): Promise<number> {
  const each = await Promise.all(
    appPorts.map(async (port) => requestsIn(await (await fetch(metricsOf(port))).text(), counts)),
  )
  return each.reduce((sum, requests) => sum + requests, 0)
}

export const callsServedBy = (appPorts: readonly number[]): Promise<number> =>
  servedBy(appPorts, isCall)

/** How often gateways have asked which sessions ended: a statement and a commit each. */
export const endedSessionsReadBy = (appPorts: readonly number[]): Promise<number> =>
  servedBy(appPorts, isRead)

const metricsOf = (port: number) => `http://127.0.0.1:${port}/metrics`
