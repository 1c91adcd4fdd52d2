/** Requests that apps have served since they started. */
export type Served = { calls: number; facts: number }

const line = /^http_request_duration_seconds_count\{(?<labels>.*)\} (?<count>\d+)/gm

/** What an app's metrics say; who calls the door from outside is not counted. */
export function served(metrics: string): Served {
  let [calls, facts] = [0, 0]
  for (const { groups } of metrics.matchAll(line)) {
    const count = Number(groups?.count)
    if (groups?.labels?.includes('route="/events/')) facts += count
    else calls += count
  }
  return { calls, facts }
}

export async function servedBy(appPorts: readonly number[]): Promise<Served> {
  const each = await Promise.all(
    appPorts.map(async (port) => served(await (await fetch(metricsOf(port))).text())),
  )
  return each.reduce(
    (sum, one) => ({ calls: sum.calls + one.calls, facts: sum.facts + one.facts }),
    { calls: 0, facts: 0 },
  )
}

const metricsOf = (port: number) => `http://127.0.0.1:${port}/metrics`
