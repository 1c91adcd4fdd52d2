/** Adds requests of a client within the current second. Returns their number at all gateways together. */
export type CountEverywhere = (
  client: string,
  requests: number,
) => Promise<{ total: number; endsInMs: number }>

type Options = {
  ratePerSecond: number
  countEverywhere: CountEverywhere
  now?: () => number
}

/** The part of a client's limit that this gateway has taken, until its own second ends. */
type Share = {
  granted: number
  used: number
  /** The other gateways have the rest, until then. */
  takenUntil: number
  asking?: Promise<void> | undefined
}

/** Calls per second and process; further clients are limited by each gateway alone. */
const mostCalls = 200
/** After a failed call, each gateway counts alone for this long. */
const aloneMs = 1_000

/**
 * One limit at several gateways, without a call for every request. The first tenth of a client's requests in a second is
 * free of calls; for more, a gateway takes tenths of the limit from a count that all gateways share. So clients below a
 * tenth cost nothing, a flood costs at most ten calls a second, and n gateways admit a tenth more for each further one.
 * Without an answer a gateway counts alone: the shared count must not stop the shop.
 *
 * @returns a function that takes the client's requests at this gateway in the current second, the new one included, and
 * returns the milliseconds until there is room, if there is none
 */
export function createSharedLimit({ ratePerSecond, countEverywhere, now = Date.now }: Options) {
  const tenth = Math.ceil(ratePerSecond / 10)
  const shares = new Map<string, Share>()
  let aloneUntil = 0
  let calls = { second: 0, made: 0 }

  function shareOf(client: string, endsInMs: number): Share {
    const known = shares.get(client)
    if (known) return known
    const share: Share = { granted: 0, used: 0, takenUntil: 0 }
    shares.set(client, share)
    setTimeout(() => shares.delete(client), endsInMs).unref()
    return share
  }

  function mayCall(): boolean {
    const second = Math.floor(now() / 1000)
    if (calls.second !== second) calls = { second, made: 0 }
    calls.made += 1
    return calls.made <= mostCalls && now() >= aloneUntil
  }

  async function take(client: string, share: Share): Promise<void> {
    if (!mayCall()) {
      share.granted += tenth
      return
    }
    try {
      const { total, endsInMs } = await countEverywhere(client, tenth)
      const over = Math.max(0, total - (ratePerSecond - tenth))
      share.granted += Math.max(0, tenth - over)
      if (over > 0) share.takenUntil = now() + endsInMs
    } catch {
      aloneUntil = now() + aloneMs
      share.granted += tenth
    }
  }

  return async function waitFor(
    client: string,
    { requests, endsInMs }: { requests: number; endsInMs: number },
  ): Promise<number | undefined> {
    if (requests <= tenth) return undefined
    const share = shareOf(client, endsInMs)
    while (share.used >= share.granted) {
      const waitMs = share.takenUntil - now()
      if (waitMs > 0) return waitMs
      share.asking ??= take(client, share).finally(() => {
        share.asking = undefined
      })
      await share.asking
    }
    share.used += 1
    return undefined
  }
}
