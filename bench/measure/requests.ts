const line = /^http_request_duration_seconds_count\{(?<labels>.*)\} (?<count>\d+)/gm

/** Returns the requests served by an app according to its metrics, without delivered events. */
export function callsIn(metrics: string): number {
  let calls = 0
  for (const { groups } of metrics.matchAll(line)) {
    if (!groups?.labels?.includes('route="/events/')) calls += Number(groups?.count)
  }
  return calls
}

export async function callsServedBy(appPorts: readonly number[]): Promise<number> {
  const each = await Promise.all(
    appPorts.map(async (port) => callsIn(await (await fetch(metricsOf(port))).text())),
  )
  return each.reduce((sum, calls) => sum + calls, 0)
}

const metricsOf = (port: number) => `http://127.0.0.1:${port}/metrics`
