import { overloaded } from '../../chassis/app.ts'
import type { Reply } from '../../chassis/transport.ts'

const forMs = 250

/**
 * Remembers for a moment who was too busy for what: to refuse it here costs a fraction of what it costs to have it refused
 * there. Under overload most of what comes is refused, and what that costs is missing for the rest.
 */
export function createBusy(now: () => number = Date.now) {
  const until = new Map<string, number>()
  const kindOf = (app: string, method: string) => `${method} ${app}`
  return {
    /** @throws Refusal `overloaded` when the app said so a moment ago */
    refuse(app: string, method: string): void {
      if ((until.get(kindOf(app, method)) ?? 0) > now()) throw overloaded()
    },
    heard(app: string, method: string, { status, body }: Reply): void {
      if (status === 503 && Buffer.from(body).includes('"code":"overloaded"'))
        until.set(kindOf(app, method), now() + forMs)
    },
  }
}
